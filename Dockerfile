# One image, several processes: the API by default; `node src/main-worker.ts` works the queue, `node src/main-migrate.ts`
# brings the database up to date. It needs a PostgreSQL (DATABASE_URL): the embedded one of `npm start` is left out.

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without install scripts: the optional packages, which alone have any, are left out as well.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
# The one place that is written to: a volume mounted there takes over its owner.
RUN mkdir /exports

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4242 EXPORTS_DIR=/exports
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE openapi.yaml ./
COPY migrations ./migrations
COPY src ./src
COPY --from=dependencies --chown=1000:1000 /exports /exports
# The user `node` of the base image, by number, so that an orchestrator can tell that it is not root. It owns nothing else here.
USER 1000:1000
EXPOSE 4242
STOPSIGNAL SIGTERM
# Liveness only: being restarted does not help an API whose database is away. /readyz is for load balancers.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main-api.ts"]

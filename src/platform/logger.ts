import { type Logger, pino } from 'pino'
import { requestContext } from './request-context.ts'

export type { Logger }

/** Secrets that must never reach a log line, whatever object they hide in. */
const redacted = ['authorization', 'cookie', 'secret', 'client_secret', 'token', 'card_number', 'cvc', 'key']

export const createLogger = (level: string): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => {
      const context = requestContext()
      return context ? { request_id: context.requestId } : {}
    },
    redact: {
      paths: redacted.flatMap((name) => [name, `*.${name}`, `headers.${name}`, `*.headers.${name}`]),
      censor: '[redacted]',
    },
  })

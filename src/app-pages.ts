import { readFile } from 'node:fs/promises'
import express, { type Router } from 'express'
import { createChat } from '#pages/chat.ts'
import type { FieldsSite } from '#pages/checkout/desk.ts'
import { createDemo } from '#pages/demo.ts'
import { createDocs } from '#pages/docs.ts'
import { createPages } from '#pages/pages.ts'
import { createOpenApiDocument } from '#platform/openapi.ts'
import type { MountContext } from './app.ts'
import type { Demo } from './app-demo.ts'

interface PageOptions {
  publicUrl: string
  /** Where the pay button leads; the content security policy must allow it. Undefined: the real provider. */
  providerOrigin?: string | undefined
}

/** Stripe's own pages: checkout, and the bank's step of 3-D Secure. */
const stripeOrigins = ['https://checkout.stripe.com', 'https://hooks.stripe.com']

/**
 * Where Stripe.js is, and what Stripe says that a page with it has to allow (docs.stripe.com/security/guide). The release is
 * the one of the pinned API version. Stripe changes the file, so no digest can be pinned to it.
 */
const stripeFields: FieldsSite = {
  script: 'https://js.stripe.com/endive/stripe.js',
  scriptSrc: ['https://js.stripe.com', 'https://*.js.stripe.com'],
  frameSrc: ['https://js.stripe.com', 'https://*.js.stripe.com', 'https://hooks.stripe.com'],
  connectSrc: ['https://api.stripe.com'],
}

/** The sandbox's stand-in for Stripe.js. */
const simulatedFields = (origin: string): FieldsSite => ({
  script: `${origin}/_sandbox/stripe.js`,
  scriptSrc: [origin],
  frameSrc: [origin],
  connectSrc: [],
})

const openapiFile = new URL('../openapi.yaml', import.meta.url)

/** Mounts what people see. The demo joins once its merchant exists (`startDemo`), and only beside the sandbox. */
export const mountPages = ({ publicUrl, providerOrigin }: PageOptions) => {
  const demo = express.Router()
  let context: MountContext | undefined
  const mount = (app: express.Express, given: MountContext): void => {
    context = given
    const { services, clock, logger } = given
    app.use(
      createPages({
        payments: services.payments,
        checkouts: services.checkouts,
        methods: services.methods,
        methodsPage: services.methodsPage,
        setups: services.setups,
        payLinks: services.payLinks,
        publicUrl,
        clock,
        logger,
        providerOrigins: providerOrigin === undefined ? stripeOrigins : [providerOrigin],
        fields: providerOrigin === undefined ? stripeFields : simulatedFields(providerOrigin),
        home: providerOrigin === undefined ? '/docs' : '/demo',
      }),
    )
    app.use(createChat({ chat: services.chat, clock, logger }))
    app.use(lazyDocs(given, publicUrl))
    app.use(demo)
  }
  const startDemo = ({ apiBase, keys }: { apiBase: string; keys: Demo['keys'] }): void => {
    if (!context || providerOrigin === undefined) return
    const { clock, logger } = context
    demo.use(createDemo({ apiBase, publicUrl, botKey: keys.bot, merchantKey: keys.merchant, clock, logger }))
  }
  return Object.assign(mount, { startDemo })
}

/** Built when somebody first reads it: a process that only takes payments does without. */
const lazyDocs = ({ routes }: MountContext, publicUrl: string): Router => {
  const router = express.Router()
  let docs: Router | undefined
  router.use((request, response, next) => {
    if (!/^\/docs(\/|$)/.test(request.path)) {
      next()
      return
    }
    docs ??= createDocs({
      document: createOpenApiDocument(routes, { publicUrl }),
      openapiText: () => readFile(openapiFile, 'utf8'),
      publicUrl,
    })
    docs(request, response, next)
  })
  return router
}

import type express from 'express'
import { createPages } from '#pages/pages.ts'
import type { MountContext } from './app.ts'
import type { Demo } from './app-demo.ts'

interface PageOptions {
  publicUrl: string
  /** Where the pay button leads; the content security policy must allow it. Undefined: the real provider. */
  providerOrigin?: string | undefined
}

interface DemoOptions {
  apiBase: string
  demo: Demo
  isSandbox: boolean
}

/** Stripe's own pages: checkout, and the bank's step of 3-D Secure. */
const stripeOrigins = ['https://checkout.stripe.com', 'https://hooks.stripe.com']

/** Mounts what people see. The demo joins once its merchant exists. */
export const mountPages = ({ publicUrl, providerOrigin }: PageOptions) => {
  const mount = (app: express.Express, { services, clock, logger }: MountContext): void => {
    app.use(
      createPages({
        payments: services.payments,
        publicUrl,
        clock,
        logger,
        providerOrigins: providerOrigin === undefined ? stripeOrigins : [providerOrigin],
        home: providerOrigin === undefined ? '/docs' : '/demo',
      }),
    )
  }
  return Object.assign(mount, { startDemo: (_demo: DemoOptions): void => {} })
}

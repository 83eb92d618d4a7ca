import type express from 'express'
import type { Services } from './app.ts'
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

/** Mounts what people see. The demo joins once its merchant exists. */
export const mountPages = (_options: PageOptions) => {
  const mount = (_app: express.Express, _services: Services): void => {}
  return Object.assign(mount, { startDemo: (_demo: DemoOptions): void => {} })
}

import { AsyncLocalStorage } from 'node:async_hooks'

/** What logs and events know of the request or job they belong to. Business data is passed as arguments. */
export interface RequestContext {
  requestId: string
  idempotencyKey?: string | undefined
}

const storage = new AsyncLocalStorage<RequestContext>()

export const withRequestContext = <T>(context: RequestContext, work: () => T): T => storage.run(context, work)
export const requestContext = (): RequestContext | undefined => storage.getStore()
/** For work that is shared by several: it belongs to none of them. */
export const withoutRequestContext = <T>(work: () => T): T => storage.exit(work)

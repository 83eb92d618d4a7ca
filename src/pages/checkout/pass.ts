import type { Request } from 'express'

/** The cookie of whoever has proven to be the payer. */
export const passName = 'parley_opener'

/** What the browser shows for a pass; whether it is one is for the payments to say. */
export const passOf = (request: Request): string | undefined =>
  /(?:^|;\s*)parley_opener=([\w.-]{1,200})(?:;|$)/.exec(request.get('cookie') ?? '')?.[1]

import { handoverOf } from '#payments/handover.ts'
import type { Scene } from './frame.ts'

export type HandState = 'scan' | 'lapsed' | 'inApp' | 'openApp' | 'fields'

/**
 * How the page that is open hands this payer over, on a page of ours; undefined: nothing is open, or what is open is for
 * somebody elsewhere.
 */
export const handStateOf = ({
  page: { intent },
  surface,
  now,
}: Pick<Scene, 'page' | 'surface' | 'now'>): HandState | undefined => {
  const handover = handoverOf(intent)
  if (!handover || intent.page_ref === null) return undefined
  const isOver = intent.page_expires_at !== null && intent.page_expires_at <= now
  switch (handover.kind) {
    case 'qr':
      return isOver ? 'lapsed' : 'scan'
    case 'bridge':
      return !isOver && surface.kind === 'wechat' ? 'inApp' : undefined
    case 'link':
      return !isOver && surface.kind === 'phone' ? 'openApp' : undefined
    case 'fields':
      return isOver ? undefined : 'fields'
    case 'app':
      return undefined
    default:
      return handover satisfies never
  }
}

/** The provider is asked at every third look: mostly its notification is faster. */
const askEvery = 3

/** How somebody has come to a page that hands them over. */
export interface Turn {
  /** How often the page has looked; 0: this is no such visit. */
  turn: number
  /** What the provider's bridge says became of it; believed is only what the provider says. */
  by: 'ok' | 'cancel' | 'fail' | 'none' | undefined
}

const turnsMax = 999
const told = ['ok', 'cancel', 'fail', 'none'] as const

export const turnOf = (query: URLSearchParams): Turn => {
  const text = query.get('hand') ?? ''
  return { turn: /^\d{1,3}$/.test(text) ? Number(text) : 0, by: told.find((one) => one === query.get('by')) }
}

export const asksProvider = ({ turn, by }: Turn): boolean => turn > 0 && (by !== undefined || turn % askEvery === 0)

/** When the page looks again, in seconds: often at first, then whoever waits has time. Undefined: not any more. */
export const nextLook = ({ turn }: Turn): { seconds: number; turn: number } | undefined =>
  turn < turnsMax ? { seconds: turn < 60 ? 3 : 10, turn: turn + 1 } : undefined

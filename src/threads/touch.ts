import type { Touch } from '#channels/inbound.ts'
import { unixSeconds } from '#kernel/clock.ts'

/** A touch as it is kept and shown. Unix seconds; every text was chosen by strangers, so it is cleaned and cut. */
export interface KeptTouch {
  source: 'ad' | 'link' | 'qr' | 'other'
  ad_id: string | null
  ref: string | null
  ctwa_clid: string | null
  url: string | null
  title: string | null
  at: number
}

export interface Attribution {
  first_touch: KeptTouch
  last_touch: KeptTouch
}

/** Undefined for a touch that says nothing. */
export const cleanTouch = (touch: Touch, at: Date): KeptTouch | undefined => {
  const kept = {
    source: touch.source,
    ad_id: token(touch.adId, 64),
    ref: token(touch.ref, 250),
    ctwa_clid: token(touch.ctwaClid, 512),
    url: link(touch.url),
    title: plain(touch.title, 200),
    at: unixSeconds(at),
  }
  const isEmpty = kept.source === 'other' && !kept.ad_id && !kept.ref && !kept.ctwa_clid && !kept.url && !kept.title
  return isEmpty ? undefined : kept
}

/** The earliest and the latest, whatever order they were heard in. */
export const mergeTouch = (known: Attribution | undefined, touch: KeptTouch): Attribution => ({
  first_touch: !known || isBefore(touch, known.first_touch) ? touch : known.first_touch,
  last_touch: !known || isBefore(known.last_touch, touch) ? touch : known.last_touch,
})

/** What a thread, or a payment, shows of how the person came. */
export const attributionOf = (row: { first_touch: object | null; last_touch: object | null }): Attribution | null =>
  row.first_touch && row.last_touch
    ? { first_touch: row.first_touch as KeptTouch, last_touch: row.last_touch as KeptTouch }
    : null

/** Two of one second are told apart by what they say, so that their order never matters. */
const isBefore = (a: KeptTouch, b: KeptTouch): boolean => (a.at === b.at ? textOf(a) < textOf(b) : a.at < b.at)
const textOf = ({ source, ad_id, ref, ctwa_clid, url, title }: KeptTouch): string =>
  JSON.stringify([source, ad_id, ref, ctwa_clid, url, title])

/** Messenger allows letters, digits, `-`, `_` and `=` in a ref; nobody needs more to count with. */
const token = (text: string | undefined, max: number): string | null =>
  text?.replaceAll(/[^A-Za-z0-9_=-]/g, '').slice(0, max) || null

const plain = (text: string | undefined, max: number): string | null =>
  Array.from(text?.replaceAll(/[\p{C}<>]/gu, '').trim() ?? '')
    .slice(0, max)
    .join('') || null

const link = (text: string | undefined): string | null => {
  if (text === undefined || text.length > 1000 || !URL.canParse(text)) return null
  const url = new URL(text)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href.slice(0, 1000) : null
}

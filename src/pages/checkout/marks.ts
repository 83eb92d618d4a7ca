import type { PageState } from '#pages/texts/text-names.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'

const mark = (tone: string, paths: Html): Html =>
  html`<span class="mark ${tone}"><svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">${paths}</svg></span>`

const check = mark('good', html`<path class="drawn" d="m5.5 12.5 4.5 4.5 8.5-9.5"/>`)
const cross = mark('bad', html`<path d="m7 7 10 10M17 7 7 17"/>`)
const clock = mark('calm', html`<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>`)
const bank = mark(
  'calm',
  html`<path d="M12 3.5 4.5 6.5v5c0 4.5 3.2 7.6 7.5 9 4.3-1.4 7.5-4.5 7.5-9v-5z"/><path d="m9 12 2.2 2.2L15.2 10"/>`,
)
const lock = mark('calm', html`<path d="M6 11h12v8.5H6z"/><path d="M8.5 11V8a3.5 3.5 0 0 1 7 0v3"/>`)
const alert = mark('warn', html`<path d="M12 7v6.5M12 17v.01"/><circle cx="12" cy="12" r="8.5"/>`)
const back = mark('calm', html`<path d="M9 14.5 4.5 10 9 5.5"/><path d="M5 10h9a5 5 0 0 1 0 10h-3"/>`)
const spinner = mark('calm turning', html`<path d="M12 3.5a8.5 8.5 0 1 1-8.5 8.5"/>`)

export const marks: Record<PageState, Html> = {
  payable: nothing,
  working: spinner,
  confirm: bank,
  declined: cross,
  processing: clock,
  checking: alert,
  authorised: lock,
  paid: check,
  refunded: back,
  expired: clock,
  canceled: cross,
  missing: alert,
  foreign: alert,
  unreachable: alert,
  already: check,
  free: check,
  placed: check,
  unpayable: alert,
  scan: nothing,
  lapsed: clock,
  inApp: lock,
  openApp: lock,
  fields: nothing,
}

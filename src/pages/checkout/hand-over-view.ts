import { type Html, html, nothing, safeUrl } from '#pages/web/html.ts'
import { qrDrawing } from '#pages/web/qr-drawing.ts'
import { handoverOf } from '#payments/handover.ts'
import { fieldsButtons } from './element-view.ts'
import { fill, fillText } from './fill.ts'
import { linkTo, type Scene } from './frame.ts'
import type { HandState } from './hand-over.ts'
import { appName } from './order.ts'

/** The code itself, with what to do with it said to everybody. */
export const codeFigure = (scene: Scene, amount: string): Html => {
  const handover = handoverOf(scene.page.intent)
  if (handover?.kind !== 'qr') return nothing
  return qrDrawing(handover.code, fillText(scene.texts.handover.alt, { amount, channel: appOf(scene) }))
}

/** Whoever reads the code on the phone that would have to scan it needs another way. */
export const codeHint = (scene: Scene): Html => {
  const { surface, texts } = scene
  if (surface.kind === 'browser') return nothing
  const inside = surface.kind === 'phone' ? html` ${sentence(scene, texts.handover.openInside)}` : nothing
  return html`<p class="hint">${sentence(scene, texts.handover.onPhone)}${inside}</p>`
}

/** What can be done on a page that hands the payer over. `amount`: as the button says it. */
export const handedAction = (state: HandState, scene: Scene, amount: string): Html => {
  const { handover } = scene.texts
  switch (state) {
    case 'scan':
      return html`${simulatedPhone(scene)}${left(scene)}`
    case 'lapsed':
      return again(scene, 'same', 'button', handover.newCode)
    case 'inApp':
      return html`${bridgeButton(scene, amount)}${again(scene, 'code', 'button quiet', handover.codeInstead)}${left(scene)}`
    case 'openApp':
      return html`<a class="button" href="${safeUrl(scene.page.intent.page_url ?? '#')}" referrerpolicy="origin">${sentence(scene, handover.open)}</a>
<a class="button quiet" href="${linkTo(scene, { hand: 3 })}">${handover.havePaid}</a>${again(scene, 'code', 'button quiet', handover.codeInstead)}${left(scene)}`
    case 'fields':
      return html`${fieldsButtons(scene, amount)}${left(scene)}`
    default:
      return state satisfies never
  }
}

/** What the bridge said, as far as the payer has to know; the provider has been asked before. */
export const bridgeWords = (scene: Scene, how: 'canceled' | 'failed' | 'silent'): Html =>
  sentence(scene, scene.texts.handover[how])

const appOf = ({ page, language }: Scene): string => appName(page.intent.provider, language.locale) ?? ''

const sentence = (scene: Scene, text: string): Html => fill(text, { channel: appOf(scene) })

/** Tapped by the script, which alone can talk to the app around the page. It taps it once by itself, for the payer just has. */
const bridgeButton = (scene: Scene, amount: string): Html => {
  const handover = handoverOf(scene.page.intent)
  if (handover?.kind !== 'bridge') return nothing
  const isFirst = scene.turn?.turn === 1 && scene.turn.by === undefined
  return html`<button class="button" type="button" id="bridge" data-params="${JSON.stringify(handover.params)}" data-next="${linkTo(scene, { hand: 2, by: '' })}"${isFirst ? html` data-first` : nothing}><span>${fill(scene.texts.pay, { amount })}</span></button>`
}

/** Opens another page for what is handed over already: a new code, or a code where there was none. */
const again = (scene: Scene, how: 'same' | 'code', look: string, words: string): Html =>
  html`<form class="again" method="post" action="${linkTo(scene)}"><button class="${look}" name="again" value="${how}"><span>${words}</span></button></form>`

/** In the sandbox a code is a web address. */
const simulatedPhone = (scene: Scene): Html => {
  const { intent } = scene.page
  const handover = handoverOf(intent)
  if (intent.livemode || handover?.kind !== 'qr' || !/^https?:/.test(handover.code)) return nothing
  return html`<a class="button quiet" href="${safeUrl(handover.code)}" target="_blank" rel="noreferrer">${scene.texts.handover.simulated}</a>`
}

/** How long it lives, said anew at every look, and the way back. */
const left = (scene: Scene): Html => {
  const { page, language, now, texts } = scene
  const ends = page.intent.page_expires_at
  const minutes = ends === null ? 0 : Math.max(1, Math.ceil((ends.getTime() - now.getTime()) / 60_000)) // exact: a time
  const when = new Intl.RelativeTimeFormat(language.tag, { numeric: 'always' }).format(minutes, 'minute')
  return html`<p class="small row">${ends === null ? nothing : html`<span id="left" data-live>${fill(texts.expires, { when })}</span>`}<a href="${linkTo(scene)}">${texts.cancel}</a></p>`
}

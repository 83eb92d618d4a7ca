import { type Html, html, nothing } from '#pages/web/html.ts'
import { fill, fillText } from './fill.ts'
import type { Scene } from './frame.ts'
import { methodText, showAmount } from './order.ts'

/** More than these would hide the way to pay with something else. */
const shownMax = 3

const methodsOf = ({ page }: Scene) => page.keeping?.methods.slice(0, shownMax) ?? []

const nameOf = (scene: Scene, one: ReturnType<typeof methodsOf>[number]): string =>
  methodText(one) ?? scene.texts.kept.card

/**
 * The buttons of somebody whose card is kept: one tap and it is paid, or another way. For a form that sends `total`, the
 * amount that they say. `isFirst`: the kept card is what they most likely want. `choice` belongs to the other way.
 */
export const keptButtons = (
  scene: Scene,
  amount: bigint,
  { another, choice = nothing, isFirst = true }: { another: Html; choice?: Html; isFirst?: boolean },
): Html => {
  const { page, language, texts } = scene
  const shown = showAmount(amount, page.intent.currency, language.tag)
  const taps = methodsOf(scene).map((one, index) => {
    const look = isFirst && index === 0 ? 'button' : 'button quiet'
    const words = fill(texts.kept.pay, { amount: shown, method: nameOf(scene, one) })
    return html`<button class="${look}" name="kept" value="${one.id}"><span>${words}</span></button>`
  })
  const other = html`<button class="button${isFirst ? ' quiet' : ''}" name="do" value="pay"><span>${another}</span></button>`
  return isFirst ? html`${taps}${choice}${other}` : html`${choice}${other}${taps}`
}

export const hasKept = (scene: Scene): boolean => methodsOf(scene).length > 0

/** Whether the card of another way is kept: the payer's own choice, never made for them; or told, where the shop does. */
export const keepChoice = (scene: Scene): Html => {
  const { page, texts, keep } = scene
  const { saving } = page.keeping ?? {}
  if (saving === undefined) return nothing
  const merchant = page.merchant.name
  if (saving === 'always') return html`<p class="small">${fill(texts.kept.always, { merchant })}</p>`
  return html`<label class="keep"><input type="checkbox" name="keep" value="1"${keep ? html` checked` : nothing}><span>${fill(texts.kept.save, { merchant })}</span></label>`
}

/** One for each card, so that nobody wonders which. */
export const removeButtons = (scene: Scene): Html =>
  html`${methodsOf(scene).map(
    (one) =>
      html`<button class="plain" name="remove" value="${one.id}" formnovalidate>${fill(scene.texts.kept.remove, { method: nameOf(scene, one) })}</button>`,
  )}`

/** What the payer reads beside the box, word for word, as it is kept with their consent. */
export const consentText = ({ page, texts }: Scene): string =>
  fillText(texts.kept.save, { merchant: page.merchant.name })

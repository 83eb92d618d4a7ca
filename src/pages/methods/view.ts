import { showId } from '#kernel/ids.ts'
import { fill } from '#pages/checkout/fill.ts'
import { languageSwitch, linkTo, merchantHeader } from '#pages/checkout/frame.ts'
import { methodText } from '#pages/checkout/order.ts'
import { declineReason } from '#pages/checkout/state.ts'
import type { Texts } from '#pages/texts/text-names.ts'
import type { Locale } from '#pages/texts/texts.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'
import type { Language } from '#pages/web/locale.ts'
import type { MethodsPage } from '#setups/methods-page-service.ts'
import { isSetupOpen } from '#setups/setup-machine.ts'

/** Everything the page is drawn from. */
export interface MethodsScene {
  page: MethodsPage
  language: Language
  /** The language, if the payer has switched to it: every link keeps it. */
  lang: Locale | undefined
  texts: Texts
  /** Path of the page, without query. */
  path: string
}

/** What is kept for a payer at one merchant, each with its own way out; and, where the link asks for it, the way in. */
export const methodsView = (scene: MethodsScene): Html => {
  const { page, texts } = scene
  const { merchant, methods, livemode } = page
  const words = methods.length === 0 ? texts.methods.none : texts.methods.sentence
  return html`<main class="sheet" data-state="methods">
${merchantHeader({ page: { merchant, thread: undefined, intent: { livemode } }, texts })}
<div class="hero"><h1 class="title">${texts.methods.title}</h1><p class="sentence">${fill(words, { merchant: merchant.name })}</p></div>
${methods.length === 0 ? nothing : removal(scene)}
${setupView(scene)}
${languageSwitch(scene)}
</main>`
}

const removal = (scene: MethodsScene): Html => {
  const { page, texts } = scene
  return html`<form method="post" action="${linkTo(scene)}"><ul class="lines">${page.methods.map(
    (one) =>
      html`<li><span><bdi>${methodText(one) ?? texts.kept.card}</bdi></span><button class="plain" name="remove" value="${showId('paymentMethod', one.id)}">${fill(texts.kept.remove, { method: methodText(one) ?? texts.kept.card })}</button></li>`,
  )}</ul></form>`
}

/** The payer's words are what they agree to, and are kept with their card. */
export const consentWords = ({ page, texts }: Pick<MethodsScene, 'page' | 'texts'>): string =>
  page.setup?.usage === 'on_session' ? texts.kept.save : texts.methods.later

const setupView = (scene: MethodsScene): Html => {
  const { page, texts } = scene
  const { setup, merchant } = page
  if (!setup || setup.status === 'canceled') return nothing
  const kept = page.methods.find(({ id }) => id === setup.payment_method_id)
  if (setup.status === 'succeeded')
    return kept
      ? html`<p class="small" role="status">${fill(texts.methods.saved, { method: methodText(kept) ?? texts.kept.card })}</p>`
      : nothing
  if (!isSetupOpen(setup.status)) return html`<p class="small" role="status">${texts.methods.waiting}</p>`
  const failure =
    setup.last_setup_error === null
      ? nothing
      : html`<p class="small" role="status">${texts.methods.failed} ${texts.declined.reasons[declineReason(setup.last_setup_error)]}</p>`
  return html`<div class="act">${failure}<form method="post" action="${linkTo(scene)}"><p class="small">${fill(consentWords(scene), { merchant: merchant.name })}</p><button class="button" name="do" value="setup"><span>${texts.methods.agree}</span></button></form></div>`
}

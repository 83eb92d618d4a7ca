import type { ShippingOption } from '#checkout/cart.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'
import { type Drawing, input, problemText } from './fields-view.ts'
import { deliveryOf } from './form-fields.ts'
import { showAmount } from './order.ts'

/** How it is delivered: one card for each option that goes to the country. */
export const deliveryChoice = (drawing: Drawing): Html => {
  const { asked, checkout, typed, texts } = drawing
  if (!asked.address || checkout.cart.shippingOptions.length === 0) return nothing
  const { options, chosen } = deliveryOf(checkout.cart, typed)
  return html`<fieldset id="delivery" tabindex="-1"${options.length === 0 ? html` hidden` : nothing}><legend>${texts.order.fields.shipping_option}</legend>
${problemText(drawing, 'shipping_option')}
${options.map((option) => optionCard(drawing, option, option === chosen))}
<noscript><button class="button quiet" name="do" value="update">${texts.order.update}</button></noscript>
</fieldset>`
}

const optionCard = ({ checkout, language }: Drawing, option: ShippingOption, isChosen: boolean): Html => {
  const { id, title, description, amount } = option
  return html`<label class="choice"><input type="radio" id="option-${id}" name="shipping_option" value="${id}" data-renew${isChosen ? html` checked` : nothing}>
<span><bdi>${title}</bdi>${description ? html`<span class="times"><bdi>${description}</bdi></span>` : nothing}</span>
<span class="sum"><bdi>${showAmount(amount, checkout.row.currency, language.tag)}</bdi></span></label>`
}

/** Each amount is a button of the form: one tap, and the total follows. */
export const tipChoice = (drawing: Drawing): Html => {
  const { asked, checkout, language, texts } = drawing
  if (!asked.tip) return nothing
  const { tip } = checkout.cart
  const amounts = [0n, ...tip.suggested]
  return html`<fieldset id="tip"><legend>${texts.order.tip}</legend>
<div class="tips">${amounts.map((amount) => {
    const label = amount === 0n ? texts.order.noTip : showAmount(amount, checkout.row.currency, language.tag)
    return html`<button class="tip" id="tip-${amount}" name="tip" value="${amount}" aria-pressed="${amount === tip.amount ? 'true' : 'false'}" data-renew><bdi>${label}</bdi></button>`
  })}</div>
<div class="with-button">${input(drawing, 'tip_amount', { autocomplete: 'off', inputmode: 'decimal', isOptional: true })}
<button class="button quiet" name="do" value="update" id="tip-set" data-renew>${texts.order.apply}</button></div>
</fieldset>`
}

/** A code that is taken can be taken back; one that is not taken says why at its field. */
export const codeField = (drawing: Drawing): Html => {
  const { checkout, typed, form, texts } = drawing
  const code = checkout.cart.promotionCode
  const words = texts.order
  if (code !== undefined) {
    const isWorthless = checkout.quote.messages.some(({ param }) => param === '$.promotion_code')
    return html`<div class="code" id="code"><p><span>${words.code}: <bdi dir="ltr"><b>${code}</b></bdi></span>${isWorthless ? html`<span class="problem">${words.problems.promotion_code}</span>` : nothing}</p>
<button class="button quiet" name="do" value="remove_code" id="code-remove" data-renew>${words.remove}</button></div>`
  }
  const isOpen = typed.promotion_code !== '' || form?.problems.some(({ field }) => field === 'promotion_code')
  return html`<details class="code" id="code"${isOpen ? html` open` : nothing}><summary>${words.code}</summary>
<div class="with-button">${input(drawing, 'promotion_code', { autocomplete: 'off', dir: 'ltr', isOptional: true })}
<button class="button quiet" name="do" value="update" id="code-apply" data-renew>${words.apply}</button></div></details>`
}

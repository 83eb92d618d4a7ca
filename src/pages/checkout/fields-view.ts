import type { FieldName } from '#pages/texts/text-names.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'
import { needsPostalCode, needsState } from './countries.ts'
import { fill } from './fill.ts'
import type { ProblemCode } from './form-change.ts'
import { type Asked, countriesOf, type Typed } from './form-fields.ts'
import type { Scene } from './frame.ts'
import { showAmount } from './order.ts'

/** An order's form while it is drawn. */
export interface Drawing extends Scene {
  checkout: NonNullable<Scene['checkout']>
  typed: Typed
  asked: Asked
}

export const contactFields = (drawing: Drawing): Html => {
  const { asked, texts } = drawing
  if (!asked.name && !asked.email && !asked.phone) return nothing
  return html`<fieldset><legend>${texts.order.contact}</legend>
${asked.name ? input(drawing, 'name', { autocomplete: 'name' }) : nothing}
${asked.email ? input(drawing, 'email', { autocomplete: 'email', type: 'email', dir: 'ltr' }) : nothing}
${asked.phone ? input(drawing, 'phone', { autocomplete: 'tel', type: 'tel', dir: 'ltr' }) : nothing}
</fieldset>`
}

export const addressFields = (drawing: Drawing): Html => {
  const { asked, texts, typed } = drawing
  if (!asked.address) return nothing
  const { country } = typed
  return html`<fieldset><legend>${texts.order.address}</legend>
${countryField(drawing)}
${input(drawing, 'line1', { autocomplete: 'shipping address-line1' })}
${input(drawing, 'line2', { autocomplete: 'shipping address-line2', isOptional: true })}
<div class="pair">${input(drawing, 'postal_code', { autocomplete: 'shipping postal-code', isOptional: !needsPostalCode(country) })}
${input(drawing, 'city', { autocomplete: 'shipping address-level2' })}</div>
${input(drawing, 'state', { autocomplete: 'shipping address-level1', isOptional: !needsState(country) })}
</fieldset>`
}

const countryField = (drawing: Drawing): Html => {
  const { checkout, language, texts, typed } = drawing
  const countries = countriesOf(checkout.cart, language)
  const isKnown = countries.some(({ code }) => code === typed.country)
  return html`<div class="field"><label for="country">${texts.order.fields.country}</label>
<select id="country" name="country" autocomplete="shipping country" required data-renew${problemMarks(drawing, 'country')}>
${isKnown ? nothing : html`<option value="">${texts.order.chooseCountry}</option>`}
${countries.map(({ code, name }) => html`<option value="${code}"${code === typed.country ? html` selected` : nothing}>${name}`)}
</select>${problemText(drawing, 'country')}</div>`
}

interface InputOptions {
  autocomplete: string
  type?: string
  inputmode?: string
  dir?: 'ltr'
  isOptional?: boolean
}

export const input = (drawing: Drawing, name: FieldName, options: InputOptions): Html => {
  const { texts, typed } = drawing
  const { autocomplete, type = 'text', inputmode, dir = 'auto', isOptional = false } = options
  return html`<div class="field"><label for="${name}">${texts.order.fields[name]}${isOptional ? html` <span class="times">(${texts.order.optional})</span>` : nothing}</label>
<input id="${name}" name="${name}" type="${type}" value="${typed[name]}" autocomplete="${autocomplete}"${inputmode ? html` inputmode="${inputmode}"` : nothing} dir="${dir}" maxlength="200"${isOptional ? nothing : html` required`}${problemMarks(drawing, name)}>${problemText(drawing, name)}</div>`
}

const codeOf = ({ form }: Scene, name: FieldName): ProblemCode | undefined =>
  form?.problems.find(({ field }) => field === name)?.code

const problemMarks = (drawing: Drawing, name: FieldName): Html =>
  codeOf(drawing, name) ? html` aria-invalid="true" aria-describedby="${name}-problem"` : nothing

export const problemText = (drawing: Drawing, name: FieldName): Html => {
  const code = codeOf(drawing, name)
  return code ? html`<p class="problem" id="${name}-problem">${sentenceOf(drawing, code)}</p>` : nothing
}

export const sentenceOf = ({ checkout, page, language, texts }: Drawing, code: ProblemCode): Html => {
  const max = checkout.cart.tip.max ?? 0n
  const amount = showAmount(max, checkout.row.currency, language.tag)
  return fill(texts.order.problems[code], { merchant: page.merchant.name, amount })
}

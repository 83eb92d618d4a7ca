import type { Card } from '#channels/card.ts'
import { CardRefusedError } from '#channels/channel.ts'
import type { Fitter } from '#channels/fit.ts'
import { fieldOf, type TemplateField } from '#channels/template-fields.ts'
import { toDecimalString } from '#kernel/money.ts'
import { limits } from './limits.ts'

type Blanks = Readonly<Record<string, TemplateField>>
type Data = Record<string, { value: string }>

export const blanks = (card: Card, data: Blanks, fit: Fitter): Data =>
  fill(data, (name, field) => fit.text(name, fieldOf(card, field), limits.blank))

/** The kind of a keyword rules its text: `thing` ≤ 20, `character_string` ≤ 32 without Chinese, `amount` a number. */
export const subscribeBlanks = (card: Card, data: Blanks, fit: Fitter): Data =>
  fill(data, (name, field) => {
    if (name.startsWith('amount')) return amountOf(card)
    const text = fieldOf(card, field)
    if (name.startsWith('thing')) return fit.text(name, text, limits.thing)
    // Shortened, a number would be another one.
    if (!/^[\x20-\x7e]*$/.test(text) || text.length > limits.characterString) {
      throw new CardRefusedError(`${name}: at most ${limits.characterString} letters, digits and signs, got "${text}"`)
    }
    return text
  })

const fill = (data: Blanks, value: (name: string, field: TemplateField) => string): Data =>
  Object.fromEntries(Object.entries(data).map(([name, field]) => [name, { value: value(name, field) }]))

/** A sign of the currency, at most ten digits, and 元 for yuan: the thread's own way of writing it is refused. */
const amountOf = ({ amount, currency }: Card): string => {
  const digits = toDecimalString(amount, currency)
  if (digits.replace(/\D/g, '').length > 10) throw new CardRefusedError(`amount: at most 10 digits, got ${digits}`)
  if (currency === 'cny') return `${digits}元`
  const parts = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: currency.toUpperCase(),
    currencyDisplay: 'narrowSymbol',
  }).formatToParts(0)
  return `${parts.find(({ type }) => type === 'currency')?.value ?? currency.toUpperCase()}${digits}`
}

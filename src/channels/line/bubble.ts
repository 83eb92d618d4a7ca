import type { Card, CardButton } from '#channels/card.ts'
import type { Fitter } from '#channels/fit.ts'
import { limits } from './limits.ts'

type Component = Record<string, unknown>

/** https://developers.line.biz/en/reference/messaging-api/#bubble */
export const bubbleOf = (card: Card, buttons: readonly CardButton[], fit: Fitter): Component => ({
  type: 'bubble',
  size: 'mega',
  direction: card.direction,
  ...heroOf(card, fit),
  body: { type: 'box', layout: 'vertical', spacing: 'md', contents: bodyOf(card, fit) },
  ...(buttons.length > 0
    ? {
        footer: {
          type: 'box',
          layout: 'vertical',
          spacing: 'sm',
          contents: buttons.map((button, index) => buttonOf(button, index === 0, card.merchant.accent)),
        },
      }
    : {}),
})

const heroOf = ({ image }: Card, fit: Fitter): object => {
  if (!image) return {}
  if (!image.url.startsWith('https://') || image.url.length > limits.imageUrl) {
    fit.warn(`image: https and at most ${limits.imageUrl} characters, left out`)
    return {}
  }
  return { hero: { type: 'image', url: image.url, size: 'full', aspectRatio: '20:13', aspectMode: 'cover' } }
}

const bodyOf = (card: Card, fit: Fitter): Component[] => [
  ...texts(fit.text('merchant', card.merchant.name, limits.cell), { size: 'sm', color: quiet }),
  ...texts(fit.text('title', card.title, limits.title), { weight: 'bold', size: 'lg' }),
  ...texts(fit.text('sentence', card.sentence, limits.sentence), { size: 'md' }),
  ...section(
    fit
      .list('lines', card.lines, limits.lines)
      .map(({ name, quantity, amountText }) => row(quantity > 1 ? `${quantity} × ${name}` : name, amountText, fit)),
  ),
  ...section(totalsOf(card, fit)),
  ...section(
    fit
      .list('shares', card.progress?.shares ?? [], limits.shares)
      .map(({ name, amountText, stateText }) => row(`${name} · ${stateText}`, amountText, fit)),
  ),
  ...texts(fit.text('expires', card.expires?.text ?? '', limits.cell), { size: 'sm', color: quiet }),
]

/** The last is the total and never left out. */
const totalsOf = ({ totals }: Card, fit: Fitter): Component[] => {
  const total = totals.at(-1)
  if (!total) return []
  return [
    ...fit
      .list('totals', totals.slice(0, -1), limits.totals - 1)
      .map(({ label, amountText }) => row(label, amountText, fit)),
    row(total.label, total.amountText, fit, 'bold'),
  ]
}

const quiet = '#595959'

/** LINE refuses a text component without text. */
const texts = (text: string, style: Component): Component[] =>
  text === '' ? [] : [{ type: 'text', text, wrap: true, ...style }]

const section = (rows: readonly Component[]): Component[] =>
  rows.length === 0
    ? []
    : [{ type: 'separator' }, { type: 'box', layout: 'vertical', spacing: 'sm', contents: [...rows] }]

const row = (label: string, amount: string, fit: Fitter, weight: 'regular' | 'bold' = 'regular'): Component => ({
  type: 'box',
  layout: 'horizontal',
  spacing: 'md',
  contents: [
    ...texts(fit.text('row', label, limits.cell), { size: 'sm', flex: 3, weight }),
    ...texts(fit.text('amount', amount, limits.cell), { size: 'sm', flex: 2, weight, align: 'end' }),
  ],
})

const buttonOf = (button: CardButton, isFirst: boolean, accent: string | undefined): Component => ({
  type: 'button',
  style: isFirst ? 'primary' : 'secondary',
  ...(isFirst && accent !== undefined && isDark(accent) ? { color: accent } : {}),
  action: actionOf(button),
})

/** https://developers.line.biz/en/reference/messaging-api/#action-objects */
export const actionOf = (button: CardButton): Component =>
  button.kind === 'url'
    ? { type: 'uri', label: button.label, uri: button.url }
    : { type: 'postback', label: button.label, data: button.payload, displayText: button.label }

/** LINE writes white on a primary button: a light accent would hide it (WCAG luminance below 0.18 keeps 4.5 : 1). */
const isDark = (accent: string): boolean => {
  const channels = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(accent)?.slice(1)
  if (!channels) return false
  const [red = 1, green = 1, blue = 1] = channels.map((hex) => linear(Number.parseInt(hex, 16) / 255))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue <= 0.183
}

const linear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)

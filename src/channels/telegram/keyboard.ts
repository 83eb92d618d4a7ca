import type { Card, CardButton } from '#channels/card.ts'
import { CardRefusedError } from '#channels/channel.ts'
import { type Fitter, lengthOf } from '#channels/fit.ts'
import { limits } from './limits.ts'

export interface InlineButton {
  text: string
  url?: string
  web_app?: { url: string }
  callback_data?: string
  pay?: true
}

export interface InlineKeyboard {
  inline_keyboard: InlineButton[][]
}

/** One button a row; links first, because they are the way to pay. Undefined when there are none. */
export const keyboardOf = (
  card: Card,
  fit: Fitter,
  { isMiniApp }: { isMiniApp: boolean },
): InlineKeyboard | undefined => {
  const links = card.buttons.filter(({ kind }) => kind === 'url')
  const rest = card.buttons.filter(({ kind }) => kind !== 'url')
  const shown = fit.list('buttons', [...links, ...rest], limits.buttons)
  if (shown.length === 0) return undefined
  return { inline_keyboard: shown.map((button) => [inlineButton(button, fit, isMiniApp)]) }
}

/** The first button of an invoice must pay; answers to the bot may follow. */
export const payKeyboardOf = (card: Card, fit: Fitter): InlineKeyboard | undefined => {
  const label = card.buttons.find(({ kind }) => kind === 'url')?.label
  if (label === undefined) return undefined
  const postbacks = card.buttons.filter(({ kind }) => kind === 'postback')
  const more = fit.list('buttons', postbacks, limits.buttons - 1).map((button) => [inlineButton(button, fit, false)])
  return { inline_keyboard: [[{ text: fit.text('button', label, limits.button), pay: true }], ...more] }
}

const inlineButton = (button: CardButton, fit: Fitter, isMiniApp: boolean): InlineButton => {
  const text = fit.text('button', button.label, limits.button)
  if (button.kind === 'postback') {
    refuseAbove('callback_data', lengthOf(button.payload, 'bytes'), limits.callbackBytes, 'bytes')
    return { text, callback_data: button.payload }
  }
  refuseAbove('url', button.url.length, limits.url, 'characters')
  return isMiniApp && button.url.startsWith('https:')
    ? { text, web_app: { url: button.url } }
    : { text, url: button.url }
}

export const refuseAbove = (name: string, length: number, max: number, unit: string): void => {
  if (length > max) throw new CardRefusedError(`Telegram: ${name}: ${length} ${unit}, at most ${max}`)
}

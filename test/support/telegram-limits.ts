/** What Telegram's server refuses, in its own words; the Bot API's texts name the limits. */
export const complainOfCall = (method: string, body: Record<string, unknown>): string | undefined => {
  const {
    text,
    caption,
    reply_markup: markup,
  } = body as {
    text?: string
    caption?: string
    reply_markup?: { inline_keyboard: Button[][] }
  }
  if (text !== undefined && (text.length < 1 || text.length > 4096)) return 'message is too long'
  if (caption !== undefined && caption.length > 1024) return 'message caption is too long'
  const buttons = (markup?.inline_keyboard ?? []).flat()
  for (const button of buttons) {
    const actions = ['url', 'callback_data', 'web_app', 'pay'].filter((name) => name in button)
    if (actions.length !== 1) return 'BUTTON_TYPE_INVALID'
    if (button.callback_data !== undefined && !isWithin(Buffer.byteLength(button.callback_data), 1, 64))
      return 'BUTTON_DATA_INVALID'
    if (button.web_app && Number(body.chat_id) < 0) return 'BUTTON_TYPE_INVALID'
  }
  const isPaying = buttons.findIndex((button) => button.pay)
  if (method === 'createInvoiceLink') return complainOfInvoice(body, false)
  if (method === 'sendInvoice') return complainOfInvoice(body, buttons.length > 0 && isPaying !== 0)
  return isPaying >= 0 && method !== 'editMessageReplyMarkup' ? 'BUTTON_TYPE_INVALID' : undefined
}

interface Button {
  callback_data?: string
  web_app?: object
  pay?: boolean
}

const isWithin = (length: number, min: number, max: number): boolean => length >= min && length <= max

const complainOfInvoice = (body: Record<string, unknown>, isPayMissing: boolean): string | undefined => {
  const invoice = body as unknown as Invoice
  if (isPayMissing) return 'BUTTON_TYPE_INVALID'
  if (!isWithin(invoice.title.length, 1, 32)) return 'INVOICE_TITLE_INVALID'
  if (!isWithin(invoice.description.length, 1, 255)) return 'INVOICE_DESCRIPTION_INVALID'
  if (!isWithin(Buffer.byteLength(invoice.payload), 1, 128)) return 'INVOICE_PAYLOAD_INVALID'
  if (invoice.start_parameter !== undefined && !/^[\w-]{0,64}$/.test(invoice.start_parameter))
    return 'START_PARAM_INVALID'
  const total = invoice.prices.reduce((sum, price) => sum + price.amount, 0)
  const isInDollars = invoice.currency === 'USD'
  if (total <= 0 || (isInDollars && !isWithin(total, 100, 1_000_000))) return 'CURRENCY_TOTAL_AMOUNT_INVALID'
  if (invoice.currency === 'XTR') return complainOfStars(invoice)
  if (!/^[A-Z]{3}$/.test(invoice.currency)) return 'CURRENCY_INVALID'
  if (!invoice.provider_token) return 'PAYMENT_PROVIDER_INVALID'
  const { max_tip_amount: max = 0, suggested_tip_amounts: tips = [] } = invoice
  const isRising = tips.every((tip, index) => tip > (tips[index - 1] ?? 0) && tip <= max)
  return tips.length <= 4 && isRising ? undefined : 'SUGGESTED_TIP_AMOUNTS_INVALID'
}

const complainOfStars = (invoice: Invoice): string | undefined => {
  if (invoice.provider_token) return 'PAYMENT_PROVIDER_INVALID'
  if (invoice.prices.length !== 1) return 'STARS_INVOICE_INVALID'
  const moneyOnly = ['max_tip_amount', 'need_name', 'need_email', 'need_phone_number', 'need_shipping_address'] as const
  return moneyOnly.some((name) => invoice[name]) || invoice.is_flexible ? 'STARS_INVOICE_INVALID' : undefined
}

export interface Invoice {
  chat_id: number
  title: string
  description: string
  payload: string
  provider_token?: string
  currency: string
  prices: { label: string; amount: number }[]
  start_parameter?: string
  max_tip_amount?: number
  suggested_tip_amounts?: number[]
  need_name?: boolean
  need_email?: boolean
  need_phone_number?: boolean
  need_shipping_address?: boolean
  is_flexible?: boolean
}

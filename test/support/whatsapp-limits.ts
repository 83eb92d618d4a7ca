type Json = Record<string, unknown>

interface Amount {
  value: number
  offset: number
}
interface Item {
  retailer_id: string
  name: string
  amount: Amount
  sale_amount?: Amount
  quantity: number
}
export interface OrderParameters {
  reference_id: string
  type: string
  payment_type?: string
  beneficiaries?: unknown[]
  currency: string
  total_amount: Amount
  payment_settings: Json[]
  order: {
    status: string
    catalog_id?: string
    expiration?: { timestamp: string; description: string }
    items: (Item & { country_of_origin?: string })[]
    subtotal: Amount
    tax?: Amount
    shipping?: Amount
    discount?: Amount
  }
}
interface Interactive {
  type: string
  header?: { type: string; text?: string; image?: { link: string } }
  body: { text: string }
  footer?: { text: string }
  action: { name?: string; parameters?: Json; buttons?: { reply: { id: string; title: string } }[] }
}

/** What WhatsApp refuses, by the pages named in the adapter: the first breach, or undefined. */
export const complainOfWhatsapp = (message: Json, now: Date): string | undefined => {
  if (message.messaging_product !== 'whatsapp') return 'messaging_product'
  if (!/^\d{5,20}$/.test(String(message.to))) return 'to'
  if (message.type === 'text') return within('text', (message.text as { body: string }).body, 1, 4096)
  if (message.type === 'template') return (message.template as { name?: string }).name ? undefined : 'template'
  return message.type === 'interactive' ? complainOfInteractive(message.interactive as Interactive, now) : 'type'
}

const within = (name: string, text: string | undefined, min: number, max: number): string | undefined =>
  text !== undefined && text.length >= min && text.length <= max ? undefined : `${name}: ${text?.length} of ${max}`

const complainOfInteractive = ({ type, header, body, footer, action }: Interactive, now: Date): string | undefined => {
  const { parameters = {}, buttons = [] } = action
  const general =
    within('body', body.text, 1, 1024) ??
    (footer ? within('footer', footer.text, 1, 60) : undefined) ??
    (header?.type === 'text' ? within('header', header.text, 1, 60) : undefined)
  if (general !== undefined) return general
  if (type === 'cta_url') return within('display_text', String(parameters.display_text), 1, 20)
  if (type === 'button')
    return buttons.length < 1 || buttons.length > 3
      ? 'buttons'
      : buttons.map(({ reply }) => within('title', reply.title, 1, 20) ?? within('id', reply.id, 1, 256)).find(Boolean)
  if (type === 'order_details') return complainOfOrder(parameters as unknown as OrderParameters, now)
  if (type === 'order_status')
    return /^[\w.-]{1,60}$/.test(String(parameters.reference_id)) ? undefined : 'reference_id'
  return `interactive type ${type}`
}

const complainOfOrder = (order: OrderParameters, now: Date): string | undefined => {
  const { items, subtotal, tax, shipping, discount, expiration } = order.order
  const amounts = [order.total_amount, subtotal, tax, shipping, discount, ...items.map((item) => item.amount)]
  if (amounts.some((one) => one && (one.offset !== 100 || !Number.isSafeInteger(one.value) || one.value < 0)))
    return 'amount'
  const goods = items.reduce((sum, item) => sum + (item.sale_amount ?? item.amount).value * item.quantity, 0)
  if (goods !== subtotal.value) return 'subtotal'
  const total = subtotal.value + (tax?.value ?? 0) + (shipping?.value ?? 0) - (discount?.value ?? 0)
  if (total !== order.total_amount.value) return 'total_amount'
  if (!/^[A-Za-z0-9_.-]{1,35}$/.test(order.reference_id)) return 'reference_id'
  if (expiration && Number(expiration.timestamp) * 1000 < now.getTime() + 300_000) return 'expiration'
  const isBrazilian = order.payment_type === 'br'
  if (order.currency !== (isBrazilian ? 'BRL' : 'INR')) return 'currency'
  if (!isBrazilian && order.type === 'physical-goods' && order.beneficiaries?.length !== 1) return 'beneficiaries'
  if (!isBrazilian && !order.order.catalog_id && items.some((item) => !item.country_of_origin))
    return 'country_of_origin'
  return items.map((item) => within('item', item.name, 1, 60)).find(Boolean)
}

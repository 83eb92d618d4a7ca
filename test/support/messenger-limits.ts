/** The shapes of a message that the limits speak of. */
export interface MessengerMessage {
  text?: string
  attachment?: { type: string; payload: MessengerTemplate }
  quick_replies?: { content_type: string; title?: string; payload?: string }[]
  template?: { name: string; language: { code: string }; components: unknown[] }
  metadata?: string
}

export interface MessengerTemplate {
  template_type: string
  text?: string
  elements?: MessengerElement[]
  buttons?: MessengerButton[]
  recipient_name?: string
  order_number?: string
  currency?: string
  payment_method?: string
  timestamp?: string
  summary?: { subtotal?: number; shipping_cost?: number; total_tax?: number; total_cost?: number }
  adjustments?: { name?: string; amount?: number }[]
  address?: Record<string, string>
}

interface MessengerElement {
  title?: string
  subtitle?: string
  image_url?: string
  buttons?: MessengerButton[]
  price?: number
  quantity?: number
}

interface MessengerButton {
  type: string
  title?: string
  url?: string
  payload?: string
  messenger_extensions?: boolean
  fallback_url?: string
}

/**
 * Messenger's table of limits, in the order in which it is written:
 * https://developers.facebook.com/docs/messenger-platform/reference/templates/generic (and /button, /receipt),
 * …/send-messages/quick-replies, …/reference/send-api. The first breach, or undefined.
 */
export const complainOfMessage = (message: MessengerMessage, isUtility: boolean): string | undefined => {
  if (isUtility) return message.template?.name ? undefined : 'a utility message needs a template'
  if ((message.text === undefined) === (message.attachment === undefined)) return 'text or attachment'
  return [
    ...limit('text', message.text, 1, 2000),
    ...(message.attachment ? complainOfTemplate(message.attachment.payload) : []),
    ...count('quick_replies', message.quick_replies, 1, 13),
    ...(message.quick_replies ?? []).flatMap(({ title, payload }) => [
      ...limit('quick reply title', title ?? '', 1, 20),
      ...limit('quick reply payload', payload ?? '', 1, 1000),
    ]),
    ...limit('metadata', message.metadata, 1, 999),
  ][0]
}

const complainOfTemplate = (template: MessengerTemplate): string[] => {
  switch (template.template_type) {
    case 'generic':
      return [
        ...count('elements', template.elements ?? [], 1, 10),
        ...(template.elements ?? []).flatMap(({ title = '', subtitle, buttons }) => [
          ...limit('title', title, 1, 80),
          ...limit('subtitle', subtitle, 1, 80),
          ...(buttons ? complainOfButtons(buttons) : []),
        ]),
      ]
    case 'button':
      return [...limit('text', template.text ?? '', 1, 640), ...complainOfButtons(template.buttons ?? [])]
    case 'receipt':
      return complainOfReceipt(template)
    default:
      return ['template_type']
  }
}

const complainOfButtons = (buttons: MessengerButton[]): string[] => [
  ...count('buttons', buttons, 1, 3),
  ...buttons.flatMap(({ type, title = '', url, payload, messenger_extensions, fallback_url }) => [
    ...limit('button title', title, 1, 20),
    ...(type === 'web_url' && !URL.canParse(url ?? '') ? ['button url'] : []),
    ...(type === 'web_url' && messenger_extensions && !fallback_url ? ['fallback_url'] : []),
    ...(type === 'postback' ? limit('payload', payload ?? '', 1, 1000) : []),
    ...(type === 'web_url' || type === 'postback' ? [] : ['button type']),
  ]),
]

const complainOfReceipt = (receipt: MessengerTemplate): string[] => [
  ...(['recipient_name', 'order_number', 'currency', 'payment_method'] as const).flatMap((name) =>
    limit(name, receipt[name] ?? '', 1, 1000),
  ),
  ...(/^[A-Z]{3}$/.test(receipt.currency ?? '') ? [] : ['currency']),
  ...(/^\d{10}$/.test(receipt.timestamp ?? '') ? [] : ['timestamp']),
  ...(typeof receipt.summary?.total_cost === 'number' ? [] : ['summary.total_cost']),
  ...count('elements', receipt.elements ?? [], 0, 100),
  ...(receipt.elements ?? []).flatMap(({ title = '', price }) => [
    ...limit('element title', title, 1, 1000),
    ...(typeof price === 'number' ? [] : ['element price']),
  ]),
  ...(receipt.adjustments ?? []).flatMap(({ name = '', amount }) => [
    ...limit('adjustment', name, 1, 1000),
    ...(typeof amount === 'number' && amount >= 0 ? [] : ['adjustment amount']),
  ]),
  ...(receipt.address
    ? (['street_1', 'city', 'postal_code', 'state', 'country'] as const).flatMap((name) =>
        limit(`address.${name}`, receipt.address?.[name] ?? '', 1, 1000),
      )
    : []),
]

const limit = (name: string, text: string | undefined, min: number, max: number): string[] =>
  text === undefined || (text.length >= min && text.length <= max) ? [] : [`${name}: ${text.length} characters`]

const count = (name: string, items: readonly unknown[] | undefined, min: number, max: number): string[] =>
  items === undefined || (items.length >= min && items.length <= max) ? [] : [`${name}: ${items.length}`]

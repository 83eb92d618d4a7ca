import type { PaymentPage } from '#payments/page-service.ts'

/**
 * A link that opens the conversation in its app, made of what everybody may know of the connection: Telegram's bot by
 * its name, Messenger's page by its id, WhatsApp's business by its number, LINE's account by its @id: the connection's
 * name ends with them. WeChat has none.
 */
export const chatLink = (thread: PaymentPage['thread']): string | undefined => {
  if (!thread?.connection) return undefined
  const { external_id: id, name } = thread.connection
  switch (thread.channel) {
    case 'telegram':
      return match(name, /^@(\w{4,32})$/, (bot) => `https://t.me/${bot}`)
    case 'messenger':
      return match(id, /^(\d{1,30})$/, (page) => `https://m.me/${page}`)
    case 'whatsapp':
      return match(name, /(?:^|\s)\+(\d[\d ().-]{6,24})$/, (number) => `https://wa.me/${number.replaceAll(/\D/g, '')}`)
    case 'line':
      return match(
        name,
        /(?:^|\s)(@[\w.-]{1,30})$/,
        (account) => `https://line.me/R/oaMessage/${encodeURIComponent(account)}`,
      )
    default:
      return undefined
  }
}

const match = (text: string, pattern: RegExp, make: (part: string) => string): string | undefined => {
  const [, part] = pattern.exec(text) ?? []
  return part === undefined ? undefined : make(part)
}

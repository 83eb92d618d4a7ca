import type { Rendered } from '#channels/channel.ts'

// biome-ignore lint/suspicious/noExplicitAny: the payload of whatever platform, drawn as its client would
type Json = any

/** What a person's client makes of a payload; words and amounts are only those of the payload. */
export interface Drawing {
  /** Colours: behind everything, what I say, what the shop says, links. */
  look: { wall: string; mine: string; mineText?: string; theirs: string; link: string; bar: string; barText: string }
  draw: (rendered: Rendered) => string
}

const clean = (text: unknown): string =>
  String(text ?? '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
const lines = (text: unknown): string => clean(text).replaceAll('\n', '<br>')

const bubble = (inner: string, below = '', kind = ''): string =>
  `<div class="them"><div class="bubble ${kind}">${inner}</div>${below}</div>`
const picture = (url: unknown): string => (url ? `<img src="${clean(url)}" alt="">` : '')
const rows = (pairs: readonly (readonly [string, string])[], last = true): string =>
  `<dl>${pairs.map(([name, amount], index) => `<div${last && index === pairs.length - 1 ? ' class="sum"' : ''}><dt>${clean(name)}</dt><dd>${clean(amount)}</dd></div>`).join('')}</dl>`

/** Only the pictures need it: clients show amounts in their own way. */
const money = (minor: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(minor / 100)

const telegram: Drawing = {
  look: { wall: '#c8d8c0', mine: '#e3fecf', theirs: '#fff', link: '#2a7fc0', bar: '#517da2', barText: '#fff' },
  draw: ({ method, payload }) => {
    const { text, caption, entities, caption_entities, reply_markup, title, description, photo_url, photo }: Json =
      payload
    const { prices = [], currency }: Json = payload
    const keys = (reply_markup?.inline_keyboard ?? []).flat()
    const keyboard = `<div class="keys">${keys.map((key: Json) => `<div>${clean(key.text)}${key.url ? ' <small>↗</small>' : key.pay ? ' <small>▭</small>' : ''}</div>`).join('')}</div>`
    if (method === 'sendInvoice') {
      const total = prices.reduce((sum: number, price: Json) => sum + price.amount, 0)
      const tag = `<p class="tag">${clean(money(total, currency))} INVOICE</p>`
      return bubble(`<h3>${clean(title)}</h3><p>${lines(description)}</p>${picture(photo_url)}${tag}`, keyboard)
    }
    const words = String(text ?? caption)
    const [bold] = entities ?? caption_entities ?? []
    const length = bold?.length ?? 0
    const said = `<p><b>${lines(words.slice(0, length))}</b>${lines(words.slice(length))}</p>`
    return bubble(`${picture(photo)}${said}`, keyboard)
  },
}

const whatsapp: Drawing = {
  look: { wall: '#efe7de', mine: '#d9fdd3', theirs: '#fff', link: '#00867d', bar: '#008069', barText: '#fff' },
  draw: ({ payload }) => {
    const { interactive: card }: Json = payload
    const { parameters }: Json = card.action
    const head =
      card.header?.type === 'text' ? `<h3>${clean(card.header.text)}</h3>` : picture(card.header?.image?.link)
    const foot = `<p>${lines(card.body.text)}</p>${card.footer ? `<p class="quiet">${clean(card.footer.text)}</p>` : ''}`
    if (card.type === 'cta_url')
      return bubble(`${head}${foot}<div class="link">↗ ${clean(parameters.display_text)}</div>`)
    if (card.type === 'order_status')
      return bubble(
        `<h3>Order: ${clean(parameters.order.status)}</h3><p class="quiet">${clean(parameters.order.description)}</p>${foot}<div class="link">Review order</div>`,
      )
    const { order, total_amount, currency } = parameters
    const items = order.items.map((item: Json) => [
      `${item.name} × ${item.quantity}`,
      money(item.amount.value * item.quantity, currency),
    ])
    const parts = ['tax', 'shipping', 'discount'].flatMap((name) =>
      order[name]?.value ? [[order[name].description, money(order[name].value, currency)] as const] : [],
    )
    const total = ['Total', money(total_amount.value, currency)] as const
    return bubble(`${head}${rows([...items, ...parts, total])}${foot}<div class="link">Review and pay</div>`)
  },
}

const messenger: Drawing = {
  look: {
    wall: '#fff',
    mine: '#0a66d6',
    mineText: '#fff',
    theirs: '#f0f0f0',
    link: '#0a58c2',
    bar: '#fff',
    barText: '#111',
  },
  draw: ({ payload }) => {
    const { message }: Json = payload
    const card: Json = message.attachment?.payload
    if (!card) return bubble(lines(message.text))
    const buttons = (list: Json[] = []) => list.map(({ title }) => `<div class="button">${clean(title)}</div>`).join('')
    if (card.template_type === 'button') return bubble(`<p>${lines(card.text)}</p>${buttons(card.buttons)}`, '', 'card')
    if (card.template_type === 'generic')
      return card.elements
        .map((one: Json) =>
          bubble(
            `${picture(one.image_url)}<h3>${clean(one.title)}</h3><p class="quiet">${clean(one.subtitle)}</p>${buttons(one.buttons)}`,
            '',
            'card',
          ),
        )
        .join('')
    const show = (amount: number) =>
      new Intl.NumberFormat('en', { style: 'currency', currency: card.currency }).format(amount)
    const items = card.elements.map((one: Json) => [`${one.title} × ${one.quantity}`, show(one.price)])
    const { shipping_cost, total_tax, total_cost } = card.summary
    const parts = [
      ...(shipping_cost ? [['Shipping', show(shipping_cost)] as const] : []),
      ...(total_tax ? [['Tax', show(total_tax)] as const] : []),
    ]
    const about = `<h3>Order confirmation</h3><p class="quiet">${clean(card.merchant_name ?? '')} · ${clean(card.payment_method)}</p>`
    return bubble(`${about}${rows([...items, ...parts, ['Total', show(total_cost)]])}`, '', 'card')
  },
}

const wechat: Drawing = {
  look: { wall: '#ededed', mine: '#95ec69', theirs: '#fff', link: '#576b95', bar: '#ededed', barText: '#111' },
  draw: ({ payload }) => {
    const { msgtype, news, text }: Json = payload
    if (msgtype === 'text') return bubble(lines(text.content))
    const [article] = news.articles
    const image = article.picurl ? `<img class="thumb" src="${clean(article.picurl)}" alt="">` : ''
    return bubble(
      `<h3>${clean(article.title)}</h3><div class="side"><p class="quiet">${lines(article.description)}</p>${image}</div>`,
      '',
      'card',
    )
  },
}

const line: Drawing = {
  look: { wall: '#8cabd8', mine: '#85e249', theirs: '#fff', link: '#1a5c3a', bar: '#8cabd8', barText: '#111' },
  draw: ({ payload }) => {
    const [message]: Json[] = (payload as Json).messages
    if (message.type === 'text') return bubble(lines(message.text))
    const { hero, body, footer } = message.contents
    return bubble(`${picture(hero?.url)}${flex(body)}${footer ? flex(footer) : ''}`, '', 'card')
  },
}

/** A part of a Flex Message. */
const flex = (part: Json): string => {
  switch (part.type) {
    case 'box':
      return `<div class="box ${part.layout}">${part.contents.map(flex).join('')}</div>`
    case 'text':
      return `<span class="text ${part.size ?? ''} ${part.weight ?? ''} ${part.align ?? ''}" style="flex:${part.flex ?? 1};color:${part.color ?? '#111'}">${lines(part.text)}</span>`
    case 'separator':
      return '<hr>'
    case 'button':
      return `<div class="button solid" style="background:${part.color ?? '#17c950'}">${clean(part.action.label)}</div>`
    default:
      return ''
  }
}

const custom: Drawing = {
  look: { wall: '#f7f7f5', mine: '#dfe6f5', theirs: '#fff', link: '#1a5c3a', bar: '#22313f', barText: '#fff' },
  draw: ({ payload }) => {
    const { card }: Json = payload
    const goods = card.lines.map((one: Json) => [`${one.quantity} × ${one.name}`, one.amount_text])
    const totals = card.totals.slice(goods.length > 0 ? 1 : 0).map((one: Json) => [one.label, one.amount_text])
    const buttons = card.buttons.map(
      (one: Json) =>
        `<div class="button solid" style="background:${card.merchant.accent ?? '#333'}">${clean(one.label)}</div>`,
    )
    const about = `<h3>${clean(card.title)}</h3><p>${clean(card.sentence)}</p>`
    return bubble(`${about}${rows([...goods, ...totals])}${buttons.join('')}`, '', 'card')
  },
}

export const drawings = { telegram, whatsapp, messenger, wechat, line, custom } as const

/** One phone's width of a chat. */
export const drawChat = ({ look, draw }: Drawing, shop: string, talk: readonly (string | Rendered)[]): string => {
  const said = talk.map((one) =>
    typeof one === 'string' ? `<div class="me"><div class="bubble">${clean(one)}</div></div>` : draw(one),
  )
  return `<!doctype html><meta charset="utf-8"><style>
:root{--wall:${look.wall};--mine:${look.mine};--mine-text:${look.mineText ?? '#111'};--theirs:${look.theirs};--link:${look.link};--bar:${look.bar};--bar-text:${look.barText}}
${style}</style><header><b>${clean(shop)}</b></header><main>${said.join('')}</main>`
}

const style = `
*{box-sizing:border-box;margin:0}
body{width:380px;font:15px/1.35 system-ui,sans-serif;color:#111;background:var(--wall)}
header{background:var(--bar);color:var(--bar-text);padding:12px 16px;border-bottom:1px solid #0002}
main{padding:14px 12px;display:grid;gap:10px}
.bubble{background:var(--theirs);border-radius:14px;padding:9px 12px;max-width:300px;width:fit-content;overflow:hidden}
.me{display:flex;justify-content:flex-end}.me .bubble{background:var(--mine);color:var(--mine-text)}
.card{width:270px}
h3{font-size:15px;margin-bottom:3px}
p+p,h3+p{margin-top:3px}
.quiet{color:#5b5b5b;font-size:13px}
img{display:block;width:calc(100% + 24px);margin:-9px -12px 9px;height:130px;object-fit:cover}
p+img{margin:8px -12px}
.thumb{width:56px;height:56px;margin:0 0 0 8px;flex:none}
.side{display:flex;justify-content:space-between}
.tag{background:#0008;color:#fff;border-radius:6px;padding:2px 8px;width:fit-content;font-size:12px;margin-top:8px}
.keys{max-width:300px;display:grid;gap:4px;margin-top:4px}
.keys div{background:#517da2cc;color:#fff;text-align:center;border-radius:8px;padding:8px}
.link,.button{border-top:1px solid #0002;margin:9px -12px -9px;padding:10px;text-align:center;color:var(--link);font-weight:600}
.button+.button{margin-top:9px}
.solid{border:0;border-radius:8px;color:#fff;margin:8px 0 0}
dl{margin:8px 0;font-size:14px}dl div{display:flex;justify-content:space-between;gap:12px}
.sum{font-weight:700;border-top:1px solid #0002;margin-top:4px;padding-top:4px}
.box{display:flex;gap:6px}.vertical{flex-direction:column}.box .box{width:100%}.vertical>.text{flex:none!important}
.sm{font-size:13px}.lg{font-size:18px}.bold{font-weight:700}.end{text-align:end}
hr{border:0;border-top:1px solid #0002}
`

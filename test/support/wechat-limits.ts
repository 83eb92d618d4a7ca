/** The bodies of WeChat's three calls that send. */
export interface WechatBody {
  touser?: string
  msgtype?: string
  text?: { content?: string }
  news?: { articles?: { title?: string; description?: string; url?: string; picurl?: string }[] }
  link?: { title?: string; description?: string; url?: string; thumb_url?: string }
  template_id?: string
  client_msg_id?: string
  url?: string
  page?: string
  miniprogram_state?: string
  lang?: string
  data?: Record<string, { value?: string }>
}

interface Complaint {
  code: number
  message: string
}

/** https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage and its neighbours. */
export const complainOfCall = (call: 'custom' | 'template' | 'subscribe', body: WechatBody): Complaint | undefined =>
  call === 'custom' ? complainOfService(body) : complainOfData(call, body)

const complainOfService = ({ msgtype, text, news, link }: WechatBody): Complaint | undefined => {
  if (msgtype === 'text') {
    const bytes = Buffer.byteLength(text?.content ?? '')
    if (bytes === 0) return { code: 44004, message: 'empty content' }
    return bytes > 2048 ? { code: 45002, message: 'content size out of limit' } : undefined
  }
  const articles = msgtype === 'news' ? news?.articles : msgtype === 'link' && link?.thumb_url ? [link] : undefined
  if (!articles) return { code: 40008, message: 'invalid message type' }
  if (articles.length !== 1) return { code: 45008, message: 'article size out of limit' }
  const [{ title = '', description = '', url = '' } = {}] = articles
  const isGood = title !== '' && description !== '' && URL.canParse(url) && url.length <= 1024
  return isGood ? undefined : { code: 40035, message: 'invalid parameter' }
}

const amount = /^\p{Sc}?[A-Z]{0,3}\p{Sc}?\d[\d.]{0,11}元?$/u

const complainOfData = (
  call: string,
  { data = {}, miniprogram_state: state, lang }: WechatBody,
): Complaint | undefined => {
  const bad = { code: 47003, message: 'argument invalid!' }
  if (call === 'subscribe' && !['developer', 'trial', 'formal'].includes(state ?? '')) return bad
  if (call === 'subscribe' && !['zh_CN', 'zh_TW', 'zh_HK', 'en_US'].includes(lang ?? '')) return bad
  return Object.entries(data).every(
    ([name, { value = '' }]) => value !== '' && (call === 'template' || fits(name, value)),
  )
    ? undefined
    : bad
}

const fits = (name: string, value: string): boolean => {
  if (name.startsWith('thing')) return value.length <= 20
  if (name.startsWith('amount')) return amount.test(value)
  return name.startsWith('character_string') && /^[\x20-\x7e]{1,32}$/.test(value)
}

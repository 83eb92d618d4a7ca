import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import {
  type FakeReply,
  type FakeServer,
  type FakeUpdate,
  type Fault,
  readJson,
  startFakeServer,
} from './fake-server.ts'
import { complainOfCall, type WechatBody } from './wechat-limits.ts'

export interface SentWechat {
  call: 'custom' | 'template' | 'subscribe'
  touser: string
  body: WechatBody
}

export interface FakeWechat extends FakeServer {
  readonly sent: SentWechat[]
  /** For the calls that send, not for the token. */
  readonly faults: Fault[]
  /** How often a token was asked for. */
  tokenCalls: number
  /** The token of now is no longer taken, though nobody was told. */
  spendToken(): void
  person(openid: string): FakeWechatPerson
  update(fields: XmlFields): FakeUpdate
  /** The question whether an address is ours. */
  question(): Record<string, string>
}

export interface FakeWechatPerson {
  says(text: string): FakeUpdate
  clicks(key: string): FakeUpdate
  scans(scene: string): FakeUpdate
  follows(scene?: string): FakeUpdate
  /** Says yes once to messages of this template. */
  consents(templateId: string): void
  /** What WeChat tells of the answers to the question for consents, or of a change in the settings. */
  answers(event: 'popup' | 'change', answers: readonly (readonly [templateId: string, status: string])[]): FakeUpdate
}

/** An element of lists has one `List` for each item. */
export type XmlFields = { [name: string]: string | number | readonly XmlFields[] }

export interface FakeWechatOptions {
  appId: string
  appSecret: string
  token: string
  /** Set: safe mode. */
  encodingAesKey?: string
  templates?: readonly string[]
  now?: () => Date
}

const windowMs = 48 * 3_600_000
const messagesPerInbound = 5

/** WeChat's API as far as an account needs it: tokens, window, consents, limits, errors with status 200, signed XML. */
export const startFakeWechat = async (options: FakeWechatOptions): Promise<FakeWechat> => {
  const { appId, appSecret, templates = [], now = () => new Date() } = options
  const people = new Map<string, { heardAt: number; answered: number; consents: string[] }>()
  const msgids = new Map<string, string>()
  let tokenNumber = 1
  let ids = 0

  const send = (call: SentWechat['call'], body: WechatBody): FakeReply => {
    const person = people.get(body.touser ?? '')
    if (!person) return wechatError(40003, 'invalid openid')
    const complaint = complainOfCall(call, body)
    if (complaint) return wechatError(complaint.code, complaint.message)
    if (call !== 'custom' && !templates.includes(body.template_id ?? ''))
      return wechatError(40037, 'invalid template_id')
    if (call === 'custom') {
      if (now().getTime() - person.heardAt >= windowMs) return wechatError(45015, 'response out of time limit')
      if (person.answered >= messagesPerInbound) return wechatError(45047, 'out of response count limit')
      person.answered += 1
    }
    if (call === 'subscribe') {
      const at = person.consents.indexOf(body.template_id ?? '')
      if (at < 0) return wechatError(43101, 'user refuse to accept the msg')
      person.consents.splice(at, 1)
    }
    const known = msgids.get(body.client_msg_id ?? '')
    if (known !== undefined) return { status: 200, text: `{"errcode":0,"errmsg":"ok","msgid":${known}}` }
    ids += 1
    fake.sent.push({ call, touser: body.touser ?? '', body })
    if (call !== 'template') return { status: 200, json: { errcode: 0, errmsg: 'ok' } }
    // As many digits as the real ones have.
    const msgid = `29064667972838031${String(ids).padStart(2, '0')}`
    if (body.client_msg_id) msgids.set(body.client_msg_id, msgid)
    return { status: 200, text: `{"errcode":0,"errmsg":"ok","msgid":${msgid}}` }
  }

  const server = await startFakeServer(({ path, query, body }) => {
    if (path === '/cgi-bin/stable_token') {
      fake.tokenCalls += 1
      const { appid, secret, grant_type } = readJson(body)
      if (appid !== appId) return wechatError(40013, 'invalid appid')
      if (secret !== appSecret || grant_type !== 'client_credential') return wechatError(40125, 'invalid appsecret')
      return { status: 200, json: { access_token: `token_${tokenNumber}`, expires_in: 7200 } }
    }
    const call = /^\/cgi-bin\/message\/(custom|template|subscribe)\/send$/.exec(path)?.[1] as
      | SentWechat['call']
      | undefined
    if (!call) return wechatError(40066, 'invalid url')
    if (query.get('access_token') !== `token_${tokenNumber}`) return wechatError(42001, 'access_token expired')
    const fault = fake.faults.shift()
    if (fault !== undefined && fault !== 'lost') return fault
    const reply = send(call, readJson(body) as WechatBody)
    return fault === 'lost' ? 'cut' : reply
  })

  const fake: FakeWechat = {
    ...server,
    sent: [],
    faults: [],
    tokenCalls: 0,
    spendToken: () => {
      tokenNumber += 1
    },
    update: (fields) => toUpdate(options, fields, now()),
    question: () => ({ ...signed(options, now()), echostr: '6051397' }),
    person: (openid) => {
      const hear = (fields: XmlFields): FakeUpdate => {
        people.set(openid, { consents: [], ...people.get(openid), heardAt: now().getTime(), answered: 0 })
        ids += 1
        const CreateTime = Math.floor(now().getTime() / 1000)
        return fake.update({ ToUserName: 'gh_7f083739789a', FromUserName: openid, CreateTime, ...fields })
      }
      const event = (Event: string, EventKey: string) => hear({ MsgType: 'event', Event, EventKey })
      const person: FakeWechatPerson = {
        says: (Content) => hear({ MsgType: 'text', Content, MsgId: `60547685900647137${ids}` }),
        clicks: (key) => event('CLICK', key),
        scans: (scene) => event('SCAN', scene),
        follows: (scene) => event('subscribe', scene === undefined ? '' : `qrscene_${scene}`),
        consents: (templateId) => {
          const known = people.get(openid) ?? { heardAt: 0, answered: 0, consents: [] }
          people.set(openid, { ...known, consents: [...known.consents, templateId] })
        },
        answers: (event, answers) => {
          for (const [templateId, status] of answers)
            if (event === 'popup' && status === 'accept') person.consents(templateId)
          const name = event === 'popup' ? 'SubscribeMsgPopupEvent' : 'SubscribeMsgChangeEvent'
          return fake.update({
            ToUserName: 'gh_7f083739789a',
            FromUserName: openid,
            CreateTime: Math.floor(now().getTime() / 1000),
            MsgType: 'event',
            Event: `subscribe_msg_${event}_event`,
            [name]: answers.map(([TemplateId, SubscribeStatusString]) => ({
              TemplateId,
              SubscribeStatusString,
              ...(event === 'popup' ? { PopupScene: 0 } : {}),
            })),
          })
        },
      }
      return person
    },
  }
  return fake
}

export const wechatError = (errcode: number, errmsg: string): FakeReply => ({ status: 200, json: { errcode, errmsg } })

const sha1 = (...parts: string[]): string => createHash('sha1').update(parts.sort().join('')).digest('hex')

const signed = ({ token }: FakeWechatOptions, now: Date): { signature: string; timestamp: string; nonce: string } => {
  const [timestamp, nonce] = [String(Math.floor(now.getTime() / 1000)), '486452656']
  return { signature: sha1(token, timestamp, nonce), timestamp, nonce }
}

const toUpdate = (options: FakeWechatOptions, fields: XmlFields, now: Date): FakeUpdate => {
  const query = signed(options, now)
  const plain = xmlOf(fields)
  const headers = { 'content-type': 'text/xml' }
  if (options.encodingAesKey === undefined) return { body: Buffer.from(plain), headers, query }
  const sealed = encrypt(plain, options.encodingAesKey, options.appId)
  const msg_signature = sha1(options.token, query.timestamp, query.nonce, sealed)
  const body = Buffer.from(xmlOf({ ToUserName: 'gh_7f083739789a', Encrypt: sealed }))
  return { body, headers, query: { ...query, encrypt_type: 'aes', msg_signature } }
}

const xmlOf = (fields: XmlFields): string => `<xml>${partsOf(fields)}</xml>`

const partsOf = (fields: XmlFields): string =>
  Object.entries(fields)
    .map(([name, value]) => {
      if (typeof value === 'number') return `<${name}>${value}</${name}>`
      if (typeof value === 'string') return `<${name}><![CDATA[${value}]]></${name}>`
      return `<${name}>${value.map((one) => `<List>${partsOf(one)}</List>`).join('')}</${name}>`
    })
    .join('\n')

const encrypt = (text: string, encodingAesKey: string, appId: string): string => {
  const key = Buffer.from(`${encodingAesKey}=`, 'base64')
  const message = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(message.length)
  const plain = Buffer.concat([randomBytes(16), length, message, Buffer.from(appId)])
  const padding = 32 - (plain.length % 32)
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(padding, padding)), cipher.final()]).toString(
    'base64',
  )
}

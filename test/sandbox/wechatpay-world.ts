import assert from 'node:assert/strict'
import { createDecipheriv, createPublicKey, createSign, createVerify, randomBytes, X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { startWechatpaySandbox } from '../../src/sandbox/wechatpay/index.ts'
import type {
  MerchantCredentials,
  WechatpaySandbox,
  WechatpaySandboxOptions,
} from '../../src/sandbox/wechatpay/options.ts'
import { createTestDatabase } from './sandbox-database.ts'
import { loadContractCheck, noSpec } from './wechatpay-spec.ts'

/** In most tests nothing may happen by itself: it is called for. */
const NEVER_MS = 3_600_000
const check = noSpec ? null : loadContractCheck()

export type Answer = { status: number; body: Record<string, unknown>; headers: Headers; text: string }
export type Told = { id: string; type: string; resource: Record<string, unknown>; path: string; serial: string }
export type Client = {
  call(method: string, target: string, body?: object, more?: Record<string, string>): Promise<Answer>
  /** The same, for what must succeed: gives the body. */
  ok(method: string, target: string, body?: object): Promise<Record<string, unknown>>
  /** The same, for what must be refused: gives status and code. */
  refused(method: string, target: string, body?: object, more?: Record<string, string>): Promise<string>
}
export type Receiver = AsyncDisposable & {
  url: string
  told: Told[]
  probes: number
  /** What the next notifications are answered with; 204 when it runs out. 0 never answers. */
  answers: number[]
  /** Whether a signature that begins like a probe is waved through. */
  isGullible: boolean
}
export type World = AsyncDisposable & {
  sandbox: WechatpaySandbox
  client: Client
  receiver: Receiver
  databaseUrl: string
  /** Drains, and gives what has arrived since the last call. */
  arrived(): Promise<Told[]>
  advance(ms: number): Promise<void>
  restart(more?: Partial<WechatpaySandboxOptions>): Promise<void>
}

/** A simulator with its own database, a client that trusts nobody in front of it and a receiver behind it. */
export const createWorld = async (options: Partial<WechatpaySandboxOptions> = {}): Promise<World> => {
  const database = await createTestDatabase()
  const start = (more: Partial<WechatpaySandboxOptions> = {}) =>
    startWechatpaySandbox({
      databaseUrl: database.url,
      port: 0,
      seed: 'test',
      refundSettleMs: NEVER_MS,
      log: (line) => {
        if ('error' in line && String((line as { error: unknown }).error).includes('Error:')) console.error(line)
      },
      ...options,
      ...more,
    })
  const first = await start()
  const receiver = await createReceiver(() => world.sandbox.credentials)
  const world: World = {
    sandbox: first,
    client: createClient(first.url, first.credentials),
    receiver,
    databaseUrl: database.url,
    async arrived() {
      await world.sandbox.drainWebhooks()
      return receiver.told.splice(0)
    },
    async advance(ms) {
      await world.sandbox.control('POST', 'advance', { ms })
    },
    async restart(more) {
      await world.sandbox.close()
      world.sandbox = await start(more)
      world.client = createClient(world.sandbox.url, world.sandbox.credentials)
    },
    async [Symbol.asyncDispose]() {
      await world.sandbox.close()
      await receiver[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
  return world
}

/**
 * The description of the overseas product asks for a merchant's own fields and for an institution's at once, though a
 * request has one or the other; what a request leaves out is filled in before it is checked.
 */
const parties = { mchid: '1', appid: 'wx', sp_mchid: '1', sub_mchid: '1', sp_appid: 'wx' }

/** Signs as a merchant must; holds each answer's signature and shape against what WeChat Pay has published. */
export const createClient = (url: string, keys: MerchantCredentials): Client => {
  const client: Client = {
    async call(method, target, body, more = {}) {
      const payload = body === undefined ? '' : JSON.stringify(body)
      const [path = ''] = target.split('?')
      const response = await fetch(`${url}${target}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(payload && { 'content-type': 'application/json' }),
          authorization: authorize(keys, method, target, payload),
          ...more,
        },
        ...(payload && { body: payload }),
      })
      const bytes = await response.text()
      const isFile = response.ok && isBill(path)
      if (!isFile) assertSigned(keys, response.headers, bytes)
      const parsed = bytes && !isFile ? (JSON.parse(bytes) as Record<string, unknown>) : {}
      const isDescribed = check && response.ok && !isFile && !path.startsWith('/v3/merchant-service/')
      if (isDescribed) {
        for (const [side, value] of [
          ['request', body && path.startsWith('/v3/global/') ? { ...parties, ...body } : body],
          ['answer', parsed],
        ] as const) {
          const complaint = check(side, method, path, value)
          assert.equal(complaint, null, `${complaint}\n${JSON.stringify(value)}`)
        }
      }
      return { status: response.status, body: parsed, headers: response.headers, text: bytes }
    },
    async ok(method, target, body) {
      const answer = await client.call(method, target, body)
      assert.ok(answer.status < 300, `${answer.status} ${answer.text}`)
      return answer.body
    },
    async refused(method, target, body, more) {
      const answer = await client.call(method, target, body, more)
      return `${answer.status} ${answer.body.code}`
    },
  }
  return client
}

const isBill = (path: string) => path.includes('/billdownload/') || path.endsWith('/statements')

export const sign = (privateKey: string, content: string): string =>
  createSign('RSA-SHA256').update(content).sign(privateKey, 'base64')

export const authorize = (
  keys: MerchantCredentials,
  method: string,
  target: string,
  body: string,
  at = Math.floor(Date.now() / 1000),
): string => {
  const nonce = randomBytes(16).toString('hex')
  const signature = sign(keys.privateKey, `${method}\n${target}\n${at}\n${nonce}\n${body}\n`)
  const fields = { mchid: keys.mchid, nonce_str: nonce, timestamp: at, serial_no: keys.serialNo, signature }
  return `WECHATPAY2-SHA256-RSA2048 ${Object.entries(fields)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}`
}

export const isSignedBy = (keys: MerchantCredentials, headers: Headers, body: string): boolean => {
  const serial = headers.get('wechatpay-serial')
  const known = {
    [keys.publicKeyId]: () => createPublicKey(keys.publicKey),
    [keys.platformSerialNo]: () => new X509Certificate(keys.platformCertificate).publicKey,
  }
  const key = known[serial ?? '']?.()
  const content = `${headers.get('wechatpay-timestamp')}\n${headers.get('wechatpay-nonce')}\n${body}\n`
  const isFresh = Math.abs(Date.now() / 1000 - Number(headers.get('wechatpay-timestamp'))) <= 300
  const signature = headers.get('wechatpay-signature') ?? ''
  return key !== undefined && isFresh && createVerify('RSA-SHA256').update(content).verify(key, signature, 'base64')
}

const assertSigned = (keys: MerchantCredentials, headers: Headers, body: string) => {
  if (headers.get('wechatpay-signature')?.startsWith('WECHATPAY/SIGNTEST/')) return
  assert.ok(isSignedBy(keys, headers, body), 'the answer is signed')
  assert.equal(headers.get('wechatpay-signature-type'), 'WECHATPAY2-SHA256-RSA2048')
  assert.match(headers.get('request-id') ?? '', /^[0-9A-F]{40}-\d+$/)
}

export const open = (sealed: Record<string, string>, apiV3Key: string): string => {
  const bytes = Buffer.from(sealed.ciphertext ?? '', 'base64')
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(apiV3Key), Buffer.from(sealed.nonce ?? ''))
  decipher.setAAD(Buffer.from(sealed.associated_data ?? ''))
  decipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8')
}

const createReceiver = async (keysOf: () => MerchantCredentials): Promise<Receiver> => {
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const headers = new Headers(request.headers as Record<string, string>)
    const keys = keysOf()
    const isProbe = headers.get('wechatpay-signature')?.startsWith('WECHATPAY/SIGNTEST/') === true
    if (isProbe) receiver.probes += 1
    if (isProbe && receiver.isGullible) return void response.writeHead(204).end()
    if (!isSignedBy(keys, headers, body)) return void response.writeHead(401).end('{"code":"FAIL"}')
    const status = receiver.answers.shift() ?? 204
    if (status === 0) return
    if (status < 300) receiver.told.push(read(body, keys, request.url ?? '', headers))
    response.writeHead(status).end()
  })
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}`,
    told: [],
    probes: 0,
    answers: [],
    isGullible: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => void server.close(done))
    },
  }
  return receiver
}

const read = (body: string, keys: MerchantCredentials, path: string, headers: Headers): Told => {
  const { id, event_type: type, resource } = JSON.parse(body)
  const opened = JSON.parse(open(resource, keys.apiV3Key))
  return { id, type, resource: opened, path, serial: headers.get('wechatpay-serial') ?? '' }
}

/** An order as a merchant asks for it. */
export const order = (world: World, no: string, more: object = {}) => ({
  appid: world.sandbox.credentials.appid,
  mchid: world.sandbox.credentials.mchid,
  description: `Order ${no}, with a comma`,
  out_trade_no: no,
  notify_url: `${world.receiver.url}/paid`,
  amount: { total: 1234, currency: 'CNY' },
  ...more,
})

import assert from 'node:assert/strict'
import {
  createCipheriv,
  createHash,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { readAccount } from '#providers/wechatpay/account.ts'
import { createWechatpayClient } from '#providers/wechatpay/client.ts'
import { createPlatformKeys } from '#providers/wechatpay/keys.ts'
import { noSpec, readSample } from '../sandbox/wechatpay-spec.ts'

const platform = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = (key: KeyObject) => key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString()
const apiV3Key = 'k'.repeat(32)
const account = readAccount(
  { mchid: '1900000109', appid: 'wx8888888888888888' },
  {
    serial_no: 'AB',
    private_key: pem(own.privateKey),
    api_v3_key: apiV3Key,
    public_key: pem(platform.publicKey),
    public_key_id: 'PUB_KEY_ID_1',
  },
)

interface Reply {
  status: number
  body?: string
  /** Absent: nobody signs it. */
  key?: KeyObject
  serial?: string
  /** Of a file: what its header says; `signed`: the text that was signed instead of the body. */
  sha1?: string
  signed?: string
}

describe('an answer of WeChat Pay', () => {
  let reply: Reply | 'hang' | 'reset'
  let asked: { path: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', headers: request.headers })
    if (reply === 'reset') return void request.socket.resetAndDestroy()
    if (reply === 'hang') return
    const { status, body = '', key, serial = 'PUB_KEY_ID_1', sha1, signed = body } = reply
    const timestamp = String(Math.floor(Date.now() / 1000))
    const text = `${timestamp}\nn\n${signed}\n`
    const proof = key && {
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': 'n',
      'wechatpay-serial': serial,
      'wechatpay-signature': createSign('RSA-SHA256').update(text).sign(key, 'base64'),
    }
    const hash = sha1 === undefined ? {} : { 'wechatpay-statement-sha1': sha1 }
    response.writeHead(status, { 'request-id': 'req-1', ...proof, ...hash }).end(body)
  })
  before(() => once(server.listen(0, '127.0.0.1'), 'listening'))
  beforeEach(() => {
    asked = []
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const open = () => {
    const apiBase = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return createWechatpayClient({ account, clock: { now: () => new Date() }, apiBase, timeoutMs: 300 })
  }
  const send = (method: 'GET' | 'POST' = 'POST') => {
    return open().send({ method, path: '/v3/x?a=b', ...(method === 'POST' ? { body: { a: 1 } } : {}) })
  }
  const { privateKey: key } = platform
  for (const [what, answer, kind] of [
    ['that is signed', { status: 200, body: '{"a":1}', key }, 'done'],
    ['that is empty and signed', { status: 204, key }, 'done'],
    ['that is not signed', { status: 200, body: '{"a":1}' }, 'unknown'],
    ['that is empty and not signed', { status: 204 }, 'unknown'],
    ['that a stranger signed', { status: 200, body: '{}', key: stranger.privateKey }, 'unknown'],
    ['with a serial nobody knows', { status: 200, body: '{}', key, serial: 'PUB_KEY_ID_2' }, 'unknown'],
    ['that is no JSON', { status: 200, body: 'Bad gateway', key }, 'unknown'],
    ['that is a list', { status: 200, body: '[]', key }, 'unknown'],
    ['that refuses', { status: 400, body: '{"code":"PARAM_ERROR","message":"m"}', key }, 'error'],
    ['that refuses without proof', { status: 400, body: '{"code":"PARAM_ERROR","message":"m"}' }, 'unknown'],
    ['that knows nothing of it, without proof', { status: 404, body: '{"code":"ORDER_NOT_EXIST"}' }, 'unknown'],
    ['that does not say', { status: 500, body: '{"code":"SYSTEM_ERROR","message":"m"}', key }, 'unknown'],
    ['that never comes', 'hang', 'unknown'],
    ['that breaks off', 'reset', 'unknown'],
    ['that leads elsewhere', { status: 302, body: '{}', key }, 'unknown'],
  ] as const)
    test(`${what} is ${kind}`, async () => {
      reply = answer
      assert.equal((await send()).kind, kind)
      assert.equal(asked.length, 1)
    })

  const bill = '\uFEFFa,b\r\n`1,`2\r\n'
  const sha1 = createHash('sha1').update(bill).digest('hex')
  const signed = `{"sha1":"${sha1}"}`
  const other = sha1.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
  for (const [what, answer, kind] of [
    ['whose hash is signed', { status: 200, body: bill, key, sha1, signed }, 'file'],
    ['of which one byte is another', { status: 200, body: bill.replace('2', '3'), key, sha1, signed }, 'unknown'],
    ['that ends too early', { status: 200, body: bill.slice(0, -5), key, sha1, signed }, 'unknown'],
    ['with another hash than the signed one', { status: 200, body: bill, key, sha1: other, signed }, 'unknown'],
    ['whose hash a stranger signed', { status: 200, body: bill, key: stranger.privateKey, sha1, signed }, 'unknown'],
    ['whose hash nobody signed', { status: 200, body: bill, sha1 }, 'unknown'],
    ['that is signed itself, without a hash', { status: 200, body: bill, key }, 'unknown'],
    ['that is no file at all', { status: 200, body: '{}', key }, 'unknown'],
    ['that is not there', { status: 400, body: '{"code":"NO_STATEMENT_EXIST"}', key }, 'error'],
    ['of which nobody proves that it is not there', { status: 400, body: '{"code":"NO_STATEMENT_EXIST"}' }, 'unknown'],
    ['that never comes', 'reset', 'unknown'],
  ] as const)
    test(`with a file ${what} is ${kind}`, async () => {
      reply = answer
      const got = await open().fetch('/v3/global/statements?date=20261122')
      assert.equal(got.kind, kind)
      if (got.kind === 'file') assert.equal(got.text, bill)
    })

  test('keeps its Request-ID, also when it says nothing', async () => {
    reply = { status: 200, body: '{}', key }
    const good = await send()
    assert.ok(good.kind === 'done' && good.requestId === 'req-1')
    reply = { status: 500, body: '{}', key }
    const bad = await send()
    assert.ok(bad.kind === 'unknown' && bad.reason.includes('req-1'))
  })

  test('is asked for with a signature over the path as it is sent, and WeChat is told our key', async () => {
    reply = { status: 200, body: '{}', key }
    await send('GET')
    assert.equal(asked[0]?.path, '/v3/x?a=b')
    assert.match(
      asked[0]?.headers.authorization ?? '',
      /^WECHATPAY2-SHA256-RSA2048 mchid="1900000109",nonce_str="\w{32}",/,
    )
    assert.equal(asked[0]?.headers['wechatpay-serial'], 'PUB_KEY_ID_1')
  })
})

describe('the platform certificates', { skip: noSpec }, () => {
  const certificate = noSpec ? undefined : new X509Certificate(readSample('wechat_pay_certificate.pem'))
  const serial = certificate?.serialNumber ?? ''
  const sealed = (text: string) => {
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(apiV3Key), Buffer.from('nonce-of-12b'))
    cipher.setAAD(Buffer.from('certificate'))
    const bytes = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
    const rest = { algorithm: 'AEAD_AES_256_GCM', nonce: 'nonce-of-12b', associated_data: 'certificate' }
    return { serial_no: serial, encrypt_certificate: { ...rest, ciphertext: bytes.toString('base64') } }
  }
  const make = (answer: () => unknown) => {
    const time = { now: new Date((certificate?.validFromDate.getTime() ?? 0) + 86_400_000) }
    const calls: string[] = []
    const keys = createPlatformKeys({ apiV3Key: Buffer.from(apiV3Key) }, { now: () => time.now }, async () => {
      calls.push('asked')
      return answer()
    })
    const advance = (ms: number) => {
      time.now = new Date(time.now.getTime() + ms)
    }
    return { keys, calls, advance, time }
  }
  const list = () => ({ data: [sealed(readSample('wechat_pay_certificate.pem'))] })

  test('are asked for once by many at once, and not again for a minute', async () => {
    const { keys, calls, advance } = make(list)
    await Promise.all([1, 2, 3].map(() => keys.learn(serial)))
    assert.ok(keys.find(serial))
    await keys.learn('FFFF')
    assert.equal(calls.length, 1)
    advance(61_000)
    await keys.learn('FFFF')
    assert.equal(calls.length, 2)
    assert.equal(keys.find('FFFF'), undefined)
  })

  test('are renewed twice a day, and not believed after their end', async () => {
    const { keys, calls, advance, time } = make(list)
    await keys.learn(serial)
    advance(13 * 3_600_000)
    await keys.learn(serial)
    assert.equal(calls.length, 2)
    time.now = certificate?.validToDate ?? time.now
    assert.equal(keys.find(serial), undefined)
  })

  test('are none when they do not open, are another, or the answer is nothing', async () => {
    for (const answer of [
      { data: [{ ...sealed(readSample('wechat_pay_certificate.pem')), serial_no: '00' }] },
      { data: [sealed('no certificate')] },
      { data: [{ serial_no: serial, encrypt_certificate: { ...sealed('').encrypt_certificate, ciphertext: 'AAAA' } }] },
      { code: 'RESOURCE_NOT_EXISTS' },
      undefined,
    ]) {
      const { keys } = make(() => answer)
      await keys.learn(serial)
      assert.equal(keys.find(serial), undefined)
    }
    const { keys } = make(() => {
      throw new Error('no answer')
    })
    await keys.learn(serial)
  })

  test('are not asked for when the serial is that of a public key', async () => {
    const { keys, calls } = make(list)
    await keys.learn('PUB_KEY_ID_2')
    assert.equal(calls.length, 0)
  })
})

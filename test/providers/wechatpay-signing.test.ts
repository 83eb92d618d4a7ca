import assert from 'node:assert/strict'
import {
  createPublicKey,
  createSign,
  createVerify,
  generateKeyPairSync,
  privateDecrypt,
  X509Certificate,
} from 'node:crypto'
import { describe, test } from 'node:test'
import {
  authorize,
  bridgeParams,
  openSealed,
  requestText,
  sealField,
  verifyMessage,
} from '#providers/wechatpay/signing.ts'
import { noSpec, readSample } from '../sandbox/wechatpay-spec.ts'
import { sealedText, signedNotification } from './wechatpay-vectors.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const now = new Date('2026-11-22T10:00:00Z')

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}

describe('a published notification', () => {
  const { at, headers, body } = signedNotification
  const key = createPublicKey(signedNotification.publicKey)
  const keyOf = (serial: string) => (serial === 'D7CE59D1F522D701' ? key : undefined)
  const verify = (over: { headers?: object; body?: Buffer; at?: Date } = {}) =>
    verifyMessage(
      { headers: { ...headers, ...over.headers }, body: over.body ?? Buffer.from(body) },
      keyOf,
      over.at ?? at,
    )
  const signature = headers['wechatpay-signature']

  test('verifies', () => assert.deepEqual(verify(), { ok: true }))

  for (const [what, over] of [
    ['one flipped bit of the body', { body: flipped(Buffer.from(body), 100) }],
    ['the same JSON, written again', { body: Buffer.from(JSON.stringify(JSON.parse(body), null, 1)) }],
    [
      'one flipped bit of the signature',
      { headers: { 'wechatpay-signature': flipped(Buffer.from(signature, 'base64'), 17).toString('base64') } },
    ],
    ['a changed bit that base64 would forgive', { headers: { 'wechatpay-signature': `${signature.slice(0, -3)}R==` } }],
    ['another nonce', { headers: { 'wechatpay-nonce': 'x' } }],
    ['another time', { headers: { 'wechatpay-timestamp': '1624523847' } }],
    ['a time that is none', { headers: { 'wechatpay-timestamp': '1624523846.0' } }],
    ['301 seconds of age', { at: new Date(at.getTime() + 301_000) }],
    ['301 seconds too early', { at: new Date(at.getTime() - 301_000) }],
    ['an unknown serial', { headers: { 'wechatpay-serial': 'D7CE59D1F522D702' } }],
    ['a probe', { headers: { 'wechatpay-signature': `WECHATPAY/SIGNTEST/${signature}` } }],
    ['another scheme', { headers: { 'wechatpay-signature-type': 'WECHATPAY2-SM2-WITH-SM3' } }],
    ['no signature', { headers: { 'wechatpay-signature': undefined } }],
  ] as const)
    test(`is refused with ${what}`, () => assert.equal(verify(over).ok, false))

  test('is still good after 300 seconds', () => {
    assert.equal(verify({ at: new Date(at.getTime() + 300_000) }).ok, true)
  })
})

test('a published ciphertext opens, and not with one bit changed', () => {
  const key = Buffer.from(sealedText.apiV3Key)
  assert.equal(openSealed(sealedText, key), sealedText.text)
  const bytes = Buffer.from(sealedText.ciphertext, 'base64')
  for (const [index] of bytes.entries())
    assert.equal(openSealed({ ...sealedText, ciphertext: flipped(bytes, index).toString('base64') }, key), undefined)
  assert.equal(openSealed({ ...sealedText, associated_data: 'associatedDate' }, key), undefined)
  assert.equal(openSealed({ ...sealedText, algorithm: 'AEAD_SM4_GCM' }, key), undefined)
  assert.equal(openSealed({ ...sealedText, ciphertext: '' }, key), undefined)
})

test('the published certificate and public key are told apart by their serials', { skip: noSpec }, () => {
  const certificate = new X509Certificate(readSample('wechat_pay_certificate.pem'))
  assert.equal(certificate.serialNumber, '440024045C4A427599D09BB4E3DE0279F2E813FD')
  const keys = new Map([
    [certificate.serialNumber, certificate.publicKey],
    ['PUB_KEY_ID_1', createPublicKey(readSample('wechat_pay_public_key.pem'))],
  ])
  const ours = { 'wechatpay-timestamp': '1795341600', 'wechatpay-nonce': 'n', 'wechatpay-serial': 'PUB_KEY_ID_1' }
  const signature = createSign('RSA-SHA256').update('1795341600\nn\n{}\n').sign(privateKey, 'base64')
  const headers = { ...ours, 'wechatpay-signature': signature }
  const verify = () =>
    verifyMessage({ headers, body: Buffer.from('{}') }, (serial) => keys.get(serial), new Date(1_795_341_600_000))
  assert.equal(verify().ok, false)
  keys.set('PUB_KEY_ID_1', publicKey)
  assert.equal(verify().ok, true)
})

describe('what we sign', () => {
  const signs = (text: string, signature: string | undefined) =>
    createVerify('RSA-SHA256')
      .update(text)
      .verify(publicKey, signature ?? '', 'base64')

  test('ends with a line feed, also when nothing follows', () => {
    const request = { method: 'GET', path: '/v3/certificates?a=b', timestamp: '1652750623', nonce: 'eBYq', body: '' }
    assert.equal(requestText(request), 'GET\n/v3/certificates?a=b\n1652750623\neBYq\n\n')
  })

  test('goes into one header', () => {
    const account = { mchid: '1900000109', serialNo: 'AB', privateKey }
    const header = authorize(account, { method: 'POST', path: '/v3/x', body: '{"a":"é"}' }, now, 'n1')
    const [, fields = ''] = /^WECHATPAY2-SHA256-RSA2048 (.+)$/.exec(header) ?? []
    const values = Object.fromEntries(fields.split(',').map((field) => field.replaceAll('"', '').split(/=(.*)/s)))
    assert.deepEqual(
      [values.mchid, values.nonce_str, values.timestamp, values.serial_no],
      ['1900000109', 'n1', '1795341600', 'AB'],
    )
    assert.ok(signs('POST\n/v3/x\n1795341600\nn1\n{"a":"é"}\n', values.signature))
  })

  const account = { mchid: '1900000109', appid: 'wx1', privateKey }
  test('for the bridge is over prepay_id=…', () => {
    const params = bridgeParams({ ...account, kind: 'official_account' }, 'wx20', now, 'n')
    const { paySign, ...rest } = params
    assert.deepEqual(rest, {
      appId: 'wx1',
      timeStamp: '1795341600',
      nonceStr: 'n',
      package: 'prepay_id=wx20',
      signType: 'RSA',
    })
    assert.ok(signs('wx1\n1795341600\nn\nprepay_id=wx20\n', paySign))
  })
  test('for a mini program names no appId, and signs it all the same', () => {
    const params = bridgeParams({ ...account, kind: 'mini_program' }, 'wx20', now, 'n')
    assert.equal('appId' in params, false)
    assert.ok(signs('wx1\n1795341600\nn\nprepay_id=wx20\n', params.paySign))
  })
  test('for an app is over the bare prepay id', () => {
    const { sign, ...rest } = bridgeParams({ ...account, kind: 'app' }, 'wx20', now, 'n')
    assert.deepEqual(rest, {
      appid: 'wx1',
      partnerid: '1900000109',
      prepayid: 'wx20',
      package: 'Sign=WXPay',
      noncestr: 'n',
      timestamp: '1795341600',
    })
    assert.ok(signs('wx1\n1795341600\nn\nwx20\n', sign))
  })
  test('and what we seal opens with the other half of the key', () => {
    const sealed = Buffer.from(sealField('张三', publicKey), 'base64')
    assert.equal(privateDecrypt({ key: privateKey, oaepHash: 'sha1' }, sealed).toString(), '张三')
  })
})

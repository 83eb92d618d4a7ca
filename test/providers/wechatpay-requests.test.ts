import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import type { Currency } from '#kernel/currencies.ts'
import type { PageCommand } from '#providers/provider.ts'
import { readAccount } from '#providers/wechatpay/account.ts'
import type { WechatpayClient } from '#providers/wechatpay/client.ts'
import { wechatpayCommands } from '#providers/wechatpay/commands.ts'
import { codeOf, declineOf, judge } from '#providers/wechatpay/errors.ts'
import { mapPage, mapPayment, mapRefund } from '#providers/wechatpay/mapping.ts'
import { pathsOf } from '#providers/wechatpay/paths.ts'
import {
  chooseWay,
  closeBody,
  handoversOf,
  isOwnNumber,
  orderBody,
  readTags,
  refundBody,
  type Way,
  writeTags,
} from '#providers/wechatpay/requests.ts'
import { loadContractCheck, noSpec } from '../sandbox/wechatpay-spec.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const secrets = {
  serial_no: 'ab12',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  api_v3_key: 'a'.repeat(32),
}
const shop = (over: object = {}) => readAccount({ mchid: '1900000109', appid: 'wx8888888888888888', ...over }, secrets)
const home = shop({ h5: true })
const abroad = shop({ region: 'global', merchant_category_code: '5812' })
const institution = shop({ region: 'global', merchant_category_code: '5812', sub_mchid: '1900000200' })

const tags = { merchant: 'mer_01jd2q8p1xf0srd3q7m9w1c4zm', paymentIntent: 'pi_01jd2q8k5xf0srd3q7m9w1c4ze' }
const command = (over: Partial<PageCommand> = {}): PageCommand => ({
  idempotencyKey: 'op_01jd2q8p1xf0srd3q7m9w1c4zm',
  amount: 1234n,
  currency: 'cny' as Currency,
  capture: 'automatic',
  title: 'Tea',
  items: [],
  returnUrl: 'https://shop.example/back',
  cancelUrl: 'https://shop.example/no',
  expiresAt: new Date('2026-11-22T10:00:00Z'),
  surface: { kind: 'wechat', openid: 'oUpF8uMuAJO', ip: '203.0.113.7' },
  tags,
  ...over,
})
const notifyUrl = 'https://pay.example/webhooks/providers/wechatpay/con_1'
const refund = {
  idempotencyKey: 'op_01jd2q8p1xf0srd3q7m9w1c4zn',
  paymentRef: 'op_01jd2q8p1xf0srd3q7m9w1c4zm',
  amount: 500n,
  currency: 'cny' as Currency,
  reason: 'requested_by_customer',
  tags,
}

describe('what is sent fits what is published', { skip: noSpec }, () => {
  const check = noSpec ? () => null : loadContractCheck()
  /** The description of the overseas product asks for a merchant's and an institution's fields at once. */
  const both = { mchid: '1', appid: 'wx', sp_mchid: '1', sub_mchid: '1', sp_appid: 'wx' }
  for (const way of ['jsapi', 'native', 'h5', 'app'] as Way[]) {
    test(`an order by ${way}`, () => {
      const body = orderBody(home, command(), way, notifyUrl)
      assert.equal(check('request', 'POST', pathsOf(home).open(way), body), null)
    })
    if (way !== 'h5')
      for (const account of [abroad, institution])
        test(`an order by ${way} overseas, ${account.subMchid === undefined ? 'by itself' : 'behind an institution'}`, () => {
          const body = orderBody(account, command({ currency: 'hkd' as Currency }), way, notifyUrl)
          assert.equal(check('request', 'POST', pathsOf(account).open(way), { ...both, ...body }), null)
        })
  }
  test('refunds and closings', () => {
    const { order, close, refunds } = pathsOf(home)
    assert.equal(check('request', 'POST', refunds, refundBody(home, refund, 1234n, notifyUrl)), null)
    assert.equal(check('request', 'POST', close('op_000001'), closeBody(home)), null)
    assert.equal(order('op_000001'), '/v3/pay/transactions/out-trade-no/op_000001?mchid=1900000109')
    const overseas = pathsOf(institution)
    const body = { ...both, ...refundBody(institution, { ...refund, currency: 'hkd' as Currency }, 1234n, notifyUrl) }
    assert.equal(check('request', 'POST', overseas.refunds, body), null)
    assert.equal(check('request', 'POST', overseas.close('op_000001'), { ...both, ...closeBody(institution) }), null)
    assert.match(overseas.order('op_000001'), /\?sp_mchid=1900000109&sub_mchid=1900000200$/)
  })
})

describe('an order', () => {
  const sent = (over: Partial<PageCommand>) =>
    orderBody(home, command(over), 'native', notifyUrl) as Record<string, unknown> & { description: string }

  test('carries our ids, China’s time and fen', () => {
    const { attach, time_expire, amount, out_trade_no } = sent({})
    assert.deepEqual([time_expire, amount], ['2026-11-22T18:00:00+08:00', { total: 1234, currency: 'CNY' }])
    assert.ok(isOwnNumber(String(out_trade_no)) && String(attach).length <= 127)
    assert.deepEqual(readTags(attach), tags)
    assert.deepEqual(readTags(writeTags({})), {})
    assert.deepEqual(readTags('anything else'), {})
  })

  test('has a description of at most 127 characters, cut between characters', () => {
    assert.equal(sent({ title: '茶'.repeat(200) }).description, '茶'.repeat(127))
    assert.equal(sent({ title: `${'a'.repeat(126)}🍵` }).description, 'a'.repeat(126))
    assert.equal(sent({ title: ' ' }).description, 'Payment')
  })

  const wechat = { kind: 'wechat', openid: 'o1' } as const
  const phone = { kind: 'phone', ip: '203.0.113.7' } as const
  for (const [what, account, surface, way] of [
    ['inside WeChat, known', home, wechat, 'jsapi'],
    ['inside WeChat, unknown', home, { kind: 'wechat' }, 'native'],
    ['on a phone with H5', home, phone, 'h5'],
    ['on a phone whose address nobody knows', home, { kind: 'phone' }, 'native'],
    ['on a phone without H5', shop(), phone, 'native'],
    ['overseas on a phone', shop({ h5: true, region: 'global', merchant_category_code: '1' }), phone, 'native'],
    ['in a browser', home, { kind: 'browser' }, 'native'],
    ['anywhere', home, undefined, 'native'],
    ['in the merchant’s app', shop({ kind: 'app' }), { kind: 'app' }, 'app'],
    ['in a browser of a merchant with an app', shop({ kind: 'app' }), { kind: 'browser' }, 'native'],
  ] as const)
    test(`${what} is paid by ${way}`, () => {
      assert.equal(chooseWay(account, surface), way)
      assert.equal(
        handoversOf(account).wanted(surface)?.kind,
        { jsapi: 'bridge', native: 'qr', h5: 'link', app: 'app' }[way],
      )
    })
})

describe('an answer', () => {
  const order = (over: object = {}) => ({
    out_trade_no: 'op_000001',
    transaction_id: '4200',
    trade_state: 'SUCCESS',
    trade_type: 'JSAPI',
    bank_type: 'CMB_CREDIT',
    attach: writeTags(tags),
    success_time: '2026-11-22T17:01:02+08:00',
    amount: { total: 1234, payer_total: 1234, currency: 'CNY', payer_currency: 'CNY' },
    ...over,
  })
  for (const [state, expected, page] of [
    ['SUCCESS', 'succeeded', 'complete'],
    ['REFUND', 'succeeded', 'complete'],
    ['NOTPAY', 'requires_payment_method', 'open'],
    ['PAYERROR', 'requires_payment_method', 'open'],
    ['USERPAYING', 'processing', 'open'],
    ['CLOSED', 'canceled', 'expired'],
    ['REVOKED', 'canceled', 'expired'],
  ] as const)
    test(`${state} is ${expected}, and its page ${page}`, () => {
      const payment = mapPayment(order({ trade_state: state }))
      assert.deepEqual([payment.state, mapPage(order({ trade_state: state })).state], [expected, page])
      assert.equal(payment.amountReceived, expected === 'succeeded' ? 1234n : 0n)
      assert.equal(payment.charge?.ref, expected === 'succeeded' ? '4200' : undefined)
      assert.deepEqual(payment.tags, tags)
    })

  test('tells who paid what', () => {
    const promotion = { coupon_id: 'c', type: 'CASH', amount: 70, wechatpay_contribute: 50, other_contribute: 20 }
    const own = { coupon_id: 'd', type: 'NOCASH', amount: 100, merchant_contribute: 100 }
    const amount = { total: 1234, payer_total: 1064, currency: 'CNY', payer_currency: 'CNY' }
    const { charge } = mapPayment(order({ amount, promotion_detail: [promotion, own] }))
    assert.deepEqual(charge?.discounts, [
      { ref: 'c', funder: 'provider', amount: 50n, settled: true },
      { ref: 'c', funder: 'other', amount: 20n, settled: true },
      { ref: 'd', funder: 'merchant', amount: 100n, settled: false },
    ])
    assert.deepEqual(charge.method, {
      type: 'wechat_pay',
      funding: 'credit',
      payer: { amount: '1064', currency: 'cny' },
    })
  })

  test('of a refund tells what was never settled, and whose key made it', () => {
    const given = { refund: 400, settlement_refund: 368, currency: 'CNY' }
    const mapped = mapRefund({
      out_refund_no: 'op_000002',
      out_trade_no: 'op_000001',
      transaction_id: '4200',
      status: 'ABNORMAL',
      create_time: '2026-11-22T17:01:02+08:00',
      amount: given,
    })
    assert.deepEqual(
      [mapped.state, mapped.discount, mapped.key, mapped.failureReason],
      ['requires_action', 32n, 'op_000002', 'account_unusable'],
    )
  })

  for (const [what, over] of [
    ['a state', { trade_state: 'TELEPORTED' }],
    ['a currency', { amount: { total: 1, currency: 'ZZZ' } }],
    ['half a fen', { amount: { total: 1.5, currency: 'CNY' } }],
    ['a negative amount', { amount: { total: -1, currency: 'CNY' } }],
    ['a kind of coupon', { promotion_detail: [{ coupon_id: 'c', type: 'MAGIC', amount: 1 }] }],
    ['no time', { success_time: undefined }],
  ] as const)
    test(`with ${what} that nobody knows is not guessed at`, () =>
      assert.throws(() => mapPayment(order(over)), /WeChat Pay sent/))
})

describe('an error', () => {
  for (const [status, code, verdict] of [
    [404, 'ORDER_NOT_EXIST', 'absent'],
    [404, 'ORDERNOTEXIST', 'absent'],
    [404, 'RESOURCE_NOT_EXISTS', 'absent'],
    [400, 'ORDER_NOT_EXIST', 'refused'],
    [400, 'PARAM_ERROR', 'refused'],
    [401, 'SIGN_ERROR', 'refused'],
    [403, 'NOT_ENOUGH', 'refused'],
    [403, 'ORDER_PAID', 'refused'],
    [403, 'USER_PAYING', 'unknown'],
    [400, 'SYSTEM_ERROR', 'unknown'],
    [400, '', 'unknown'],
    [429, 'FREQUENCY_LIMITED', 'unknown'],
    [429, 'RATELIMIT_EXCEEDED', 'unknown'],
    [500, 'SYSTEM_ERROR', 'unknown'],
    [502, 'BAD_GATEWAY', 'unknown'],
    [202, 'USER_PAYING', 'unknown'],
    [302, 'PARAM_ERROR', 'unknown'],
  ] as const)
    test(`${status} ${code} is ${verdict}`, () => assert.equal(judge(status, codeOf({ code })), verdict))

  test('says what to do about it', () => {
    const missing = declineOf({ code: 'NOT_ENOUGH', message: '余额不足' })
    assert.deepEqual([missing.code, missing.declineCode], ['insufficient_funds', 'notenough'])
    assert.match(missing.message, /Top it up/)
    assert.match(declineOf({ code: 'RULE_LIMIT', message: '规则限制' }).message, /规则限制/)
  })
})

describe('an order that is refused', () => {
  /** What an account says of an order, or of a refund, when WeChat answers so. */
  const hear = async (status: number, code: string, work: 'openPage' | 'closePage' = 'openPage') => {
    const body = { code, message: 'm' }
    const normal = codeOf(body)
    const client = {
      account: home,
      send: async ({ method }: { method: string }) =>
        method === 'GET'
          ? { kind: 'error', verdict: 'absent', code: 'ORDERNOTEXIST', decline: declineOf({}), requestId: '' }
          : { kind: 'error', verdict: judge(status, normal), code: normal, decline: declineOf(body), requestId: '' },
    } as unknown as WechatpayClient
    const commands = wechatpayCommands({ client, clock: { now: () => new Date(0) }, notifyUrl })
    const key = command().idempotencyKey
    const answer =
      work === 'openPage'
        ? await commands.openPage(command())
        : await commands.closePage({ idempotencyKey: key, pageRef: key })
    assert.equal(answer.outcome, 'refused')
    return answer.outcome === 'refused' ? answer.decline.accountFault : undefined
  }
  const table: [number, string, string | undefined][] = [
    [401, 'SIGN_ERROR', 'credentials'],
    [401, 'SIGNERROR', 'credentials'],
    [400, 'MCH_NOT_EXISTS', 'credentials'],
    [400, 'APPID_MCHID_NOT_MATCH', 'credentials'],
    [403, 'NO_AUTH', 'not_enabled'],
    [403, 'NOT_ENOUGH', undefined],
    [403, 'ACCOUNT_ERROR', undefined],
    [403, 'RULE_LIMIT', undefined],
    [403, 'TRADE_ERROR', undefined],
    [403, 'OUT_TRADE_NO_USED', undefined],
    [400, 'ORDER_CLOSED', undefined],
    [400, 'PARAM_ERROR', undefined],
    [400, 'INVALID_REQUEST', undefined],
    [404, 'WHO_KNOWS', undefined],
  ]
  for (const [status, code, fault] of table)
    test(`with ${status} ${code} is ${fault ?? 'not the account’s fault'}`, async () => {
      assert.equal(await hear(status, code), fault)
      assert.equal(await hear(status, code, 'closePage'), undefined)
    })
  test('for its currency is the account’s fault, and nothing is sent', async () => {
    const client = { account: abroad } as unknown as WechatpayClient
    const commands = wechatpayCommands({ client, clock: { now: () => new Date(0) }, notifyUrl })
    const answer = await commands.openPage(command())
    assert.ok(answer.outcome === 'refused')
    assert.equal(answer.decline.accountFault, 'currency')
  })
})

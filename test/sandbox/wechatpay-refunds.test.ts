import assert from 'node:assert/strict'
import { constants, createHash, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { after, before, test } from 'node:test'
import { authorize, createWorld, isSignedBy, order, type World } from './wechatpay-world.ts'

const REFUNDS = '/v3/refund/domestic/refunds'
const TRANSFERS = '/v3/fund-app/mch-transfer/transfer-bills'
const COMPLAINTS = '/v3/merchant-service/complaints-v2'
type Amounts = Record<string, number>
let world: World
before(async () => {
  world = await createWorld({ refundSettleMs: 60_000, exchangeRates: { 'HKD/CNY': 91_500_000 } })
})
after(() => world[Symbol.asyncDispose]())

const paid = async (no: string, total: number, body: object = {}) => {
  await world.client.ok('POST', '/v3/pay/transactions/native', order(world, no, { amount: { total, currency: 'CNY' } }))
  return world.sandbox.control('POST', `orders/${no}/pay`, body)
}
const refund = (no: string, amount: number, total: number, more: object = {}) => ({
  out_trade_no: no.split('/')[0],
  out_refund_no: no.replace('/', '-'),
  notify_url: `${world.receiver.url}/refunded`,
  amount: { refund: amount, total, currency: 'CNY' },
  ...more,
})
const book = async () =>
  (await world.sandbox.control('GET', 'book')) as Record<
    'orders' | 'refunds' | 'effects' | 'merchants',
    Record<string, unknown>[]
  >
const bookedOrder = async (no: string) => (await book()).orders.find(({ out_trade_no: found }) => found === no)

test('a refund is under way at once, done later, told, and the same one when asked again', async () => {
  const { transaction_id: transaction } = await paid('refund-1', 1000)
  await world.arrived()
  const body = refund('refund-1/a', 400, 1000)
  const first = await world.client.ok('POST', REFUNDS, body)
  assert.deepEqual([first.status, (first.amount as Amounts).payer_refund], ['PROCESSING', 400])
  assert.deepEqual(await world.client.ok('POST', REFUNDS, body), first)
  const { out_trade_no: _, ...byId } = { ...body, transaction_id: transaction }
  assert.deepEqual(await world.client.ok('POST', REFUNDS, byId), first)
  assert.equal(await world.client.refused('POST', REFUNDS, refund('refund-1/a', 401, 1000)), '400 INVALID_REQUEST')
  const target = `/v3/pay/transactions/out-trade-no/refund-1?mchid=${world.sandbox.credentials.mchid}`
  assert.equal((await world.client.ok('GET', target)).trade_state, 'REFUND')
  assert.deepEqual(await world.arrived(), [])

  await world.advance(60_000)
  const [told] = await world.arrived()
  assert.deepEqual([told?.type, told?.path, told?.resource.refund_status], ['REFUND.SUCCESS', '/refunded', 'SUCCESS'])
  const done = await world.client.ok('GET', `${REFUNDS}/refund-1-a`)
  assert.deepEqual([done.status, done.success_time], ['SUCCESS', told?.resource.success_time])
  assert.equal(await world.client.refused('GET', `${REFUNDS}/none`), '404 RESOURCE_NOT_EXISTS')
})

test('what cannot be refunded is not', async () => {
  await paid('refund-2', 1000)
  const refused = (no: string, amount: number, total: number, more?: object) =>
    world.client.refused('POST', REFUNDS, refund(no, amount, total, more))
  assert.equal(await refused('refund-2/a', 1001, 1000), '400 INVALID_REQUEST')
  assert.equal(await refused('refund-2/a', 1, 999), '400 INVALID_REQUEST')
  assert.equal(await refused('refund-2/a', 0, 1000), '400 PARAM_ERROR')
  assert.equal(
    await refused('refund-2/a', 1, 1000, { transaction_id: '42', out_trade_no: undefined }),
    '404 ORDER_NOT_EXIST',
  )
  await world.client.ok('POST', REFUNDS, refund('refund-2/a', 600, 1000))
  assert.equal(await refused('refund-2/b', 401, 1000), '400 INVALID_REQUEST')
  await world.client.ok('POST', '/v3/pay/transactions/native', order(world, 'unpaid-1'))
  assert.equal(await refused('unpaid-1/a', 1, 1234), '400 INVALID_REQUEST')
  await paid('refund-3', 5000)
  for (let index = 0; index < 50; index++) await world.client.ok('POST', REFUNDS, refund(`refund-3/${index}`, 1, 5000))
  assert.equal(await refused('refund-3/50', 1, 5000), '400 INVALID_REQUEST')
  assert.deepEqual([(await bookedOrder('refund-3'))?.refunds, (await bookedOrder('refund-3'))?.refunded], [50, 50])
})

test('refunds that race never take more than the order', async () => {
  await paid('race-1', 1000)
  const race = Array.from({ length: 8 }, (_, index) =>
    world.client.call('POST', REFUNDS, refund(`race-1/${index}`, 300, 1000)),
  )
  const twice = [1, 2, 3].map(() => world.client.call('POST', REFUNDS, refund('race-1/same', 100, 1000)))
  const answers = await Promise.all([...race, ...twice])
  assert.ok(answers.every(({ status }) => status === 200 || status === 400))
  const { effects } = await book()
  const same = effects.find(({ subject, effect }) => subject === 'race-1-same' && effect === 'refund.created')
  assert.ok(same === undefined || same.count === 1)
  const { refunded } = (await bookedOrder('race-1')) ?? {}
  assert.equal(
    Number(refunded),
    answers.slice(0, 8).filter(({ status }) => status === 200).length * 300 + (same ? 100 : 0),
  )
  assert.ok(Number(refunded) <= 1000)
})

test('parts of a coupon order add up to the whole, to the last fen, fee and all', async () => {
  await paid('parts-1', 1000, { coupon: { wechatpay_contribute: 77, merchant_contribute: 34 } })
  const amounts: Amounts[] = []
  for (const [index, amount] of [333, 333, 1, 333].entries()) {
    const { amount: made } = await world.client.ok('POST', REFUNDS, refund(`parts-1/${index}`, amount, 1000))
    amounts.push(made as Amounts)
  }
  const sum = (field: string) => amounts.reduce((total, amount) => total + (amount[field] ?? 0), 0)
  assert.deepEqual(
    [sum('refund'), sum('payer_refund'), sum('settlement_refund'), sum('discount_refund')],
    [1000, 889, 966, 111],
  )
  assert.ok(amounts.every((made) => (made.refund ?? 0) === (made.payer_refund ?? 0) + (made.discount_refund ?? 0)))
  const booked = await bookedOrder('parts-1')
  assert.deepEqual([booked?.fee, booked?.refunded], [0, 1000])
})

test('a refund may be closed, or get stuck and be sent elsewhere', async () => {
  await paid('stuck-1', 1000)
  await world.client.ok('POST', REFUNDS, refund('stuck-1/a', 1000, 1000))
  await world.arrived()
  await world.sandbox.control('POST', 'refunds/stuck-1-a/close')
  await world.client.ok('POST', REFUNDS, refund('stuck-1/b', 1000, 1000))
  await world.sandbox.control('POST', 'faults', { fault: 'refund_abnormal', match: { path: 'stuck-1-b' } })
  await world.advance(60_000)
  const types = (await world.arrived()).filter(({ resource }) => resource.out_trade_no === 'stuck-1')
  assert.deepEqual(
    types.map(({ type, resource }) => [type, resource.refund_status]),
    [
      ['REFUND.CLOSED', 'CLOSED'],
      ['REFUND.ABNORMAL', 'ABNORMAL'],
    ],
  )
  const { refund_id: id } = await world.client.ok('GET', `${REFUNDS}/stuck-1-b`)
  const apply = (more: object) =>
    world.client.call('POST', `${REFUNDS}/${id}/apply-abnormal-refund`, { out_refund_no: 'stuck-1-b', ...more })
  assert.equal((await apply({ type: 'USER_BANK_CARD' })).body.code, 'PARAM_ERROR')
  assert.equal((await apply({ type: 'MERCHANT_BANK_CARD' })).body.status, 'PROCESSING')
  assert.equal((await apply({ type: 'MERCHANT_BANK_CARD' })).body.code, 'INVALID_REQUEST')
  await world.advance(60_000)
  const done = await world.client.ok('GET', `${REFUNDS}/stuck-1-b`)
  assert.deepEqual([done.status, done.channel], ['SUCCESS', 'OTHER_BANKCARD'])
  assert.equal((await bookedOrder('stuck-1'))?.refunded, 1000)
})

test('abroad: the same, in two currencies, under other names', async () => {
  const { mchid, appid } = world.sandbox.credentials
  const parties = { mchid, appid, sp_mchid: mchid, sub_mchid: mchid, sp_appid: appid }
  const wanted = { ...parties, description: 'Tea', notify_url: `${world.receiver.url}/g`, out_trade_no: 'globe-1' }
  const kind = { trade_type: 'NATIVE', merchant_category_code: '5812', amount: { total: 1000, currency: 'HKD' } }
  await world.client.ok('POST', '/v3/global/transactions/native', { ...wanted, ...kind })
  await world.sandbox.control('POST', 'orders/globe-1/pay')
  const body = (no: string, amount: number) => ({
    ...parties,
    out_trade_no: 'globe-1',
    out_refund_no: no,
    amount: { refund: amount, total: 1000, currency: 'HKD' },
  })
  const made = await world.client.ok('POST', '/v3/global/refunds', body('globe-1-a', 333))
  assert.deepEqual([(made.amount as Amounts).payer_refund, made.status], [305, undefined])
  await world.client.ok('POST', '/v3/global/refunds', body('globe-1-b', 667))
  await world.advance(60_000)
  const query = `mchid=${mchid}&sub_mchid=${mchid}&sp_mchid=${mchid}`
  const found = await world.client.ok('GET', `/v3/global/refunds/out-refund-no/globe-1-b?${query}`)
  assert.deepEqual([found.status, (found.amount as Amounts).payer_refund], ['SUCCESS', 610])
  assert.deepEqual(await world.client.ok('GET', `/v3/global/refunds/id/${found.id}?${query}`), found)
  const list = await world.client.ok('GET', `/v3/global/refunds?${query}&out_trade_no=globe-1&offset=1&count=5`)
  assert.deepEqual([list.total_num, list.current_total_num, (list.data as object[])[0]], [2, 1, found])
})

test('an account that is empty refunds nothing', async () => {
  await paid('poor-1', 1000)
  const { mchid } = world.sandbox.credentials
  const account = async () => Number((await book()).merchants.find((found) => found.mchid === mchid)?.balance)
  await world.sandbox.control('POST', `merchants/${mchid}/withdraw`, { amount: (await account()) - 500 })
  assert.equal(await world.client.refused('POST', REFUNDS, refund('poor-1/a', 1000, 1000)), '403 NOT_ENOUGH')
  await assert.rejects(world.sandbox.control('POST', `merchants/${mchid}/withdraw`, { amount: 501 }), /NOT_ENOUGH/)
  await world.sandbox.control('POST', `merchants/${mchid}/deposit`, { amount: 494 })
  // The fee of 6 comes back with the refund.
  await world.client.ok('POST', REFUNDS, refund('poor-1/a', 1000, 1000))
  assert.equal(await account(), 0)
  await world.sandbox.control('POST', `merchants/${mchid}/deposit`, { amount: 10_000_000 })
})

test('money for a user waits for the user, and comes back when nobody takes it', async () => {
  const { appid, publicKey, publicKeyId } = world.sandbox.credentials
  const secret = publicEncrypt(
    { key: createPublicKey(publicKey), padding: constants.RSA_PKCS1_OAEP_PADDING },
    Buffer.from('李'),
  ).toString('base64')
  const body = (no: string, amount = 500) => ({
    appid,
    out_bill_no: no,
    transfer_scene_id: '1000',
    openid: 'oUpF8uMuAJO',
    transfer_amount: amount,
    transfer_remark: 'Prize',
    notify_url: `${world.receiver.url}/sent`,
    transfer_scene_report_infos: [{ info_type: '活动名称', info_content: 'Spring' }],
  })
  await world.arrived()
  const first = await world.client.ok('POST', TRANSFERS, body('T1'))
  assert.equal(first.state, 'WAIT_USER_CONFIRM')
  assert.ok(first.package_info)
  assert.deepEqual(await world.client.ok('POST', TRANSFERS, body('T1')), first)
  assert.equal(await world.client.refused('POST', TRANSFERS, body('T1', 501)), '400 INVALID_REQUEST')
  assert.equal(await world.client.refused('POST', TRANSFERS, body('T9', 200_000)), '400 PARAM_ERROR')
  const named = { ...body('T2', 200_000), user_name: secret }
  assert.equal(await world.client.refused('POST', TRANSFERS, named), '400 PARAM_ERROR')
  const answer = await world.client.call('POST', TRANSFERS, named, { 'wechatpay-serial': publicKeyId })
  assert.equal(answer.status, 200, answer.text)
  await world.client.ok('POST', TRANSFERS, body('T3'))
  await world.sandbox.control('POST', 'transfers/T1/confirm')
  assert.equal((await world.client.ok('POST', `${TRANSFERS}/out-bill-no/T2/cancel`)).state, 'CANCELING')
  assert.equal(await world.client.refused('POST', `${TRANSFERS}/out-bill-no/T1/cancel`), '400 INVALID_REQUEST')
  await world.advance(86_400_000)
  const told = (await world.arrived()).filter(({ type }) => type === 'MCHTRANSFER.BILL.FINISHED')
  assert.deepEqual(
    told.map(({ resource }) => [resource.out_bill_no, resource.state]),
    [
      ['T1', 'SUCCESS'],
      ['T2', 'CANCELLED'],
      ['T3', 'FAIL'],
    ],
  )
  const found = await world.client.ok('GET', `${TRANSFERS}/out-bill-no/T3`)
  assert.equal(found.fail_reason, 'OVERDUE_CLOSE')
  assert.deepEqual(await world.client.ok('GET', `${TRANSFERS}/transfer-bill-no/${found.transfer_bill_no}`), found)
})

test('an image is taken as its signed words tell of it, and shown with an answer once it is there', async () => {
  const path = '/v3/merchant-service/images/upload'
  const png = Buffer.from('89504e470d0a1a0a00', 'hex')
  const metaOf = (bytes: Buffer, filename = 'a.png') =>
    JSON.stringify({ filename, sha256: createHash('sha256').update(bytes).digest('hex') })
  const upload = async (bytes: Buffer, meta = metaOf(bytes), signed = meta, keys = world.sandbox.credentials) => {
    const body = new FormData()
    body.append('meta', meta)
    body.append('file', new Blob([Uint8Array.from(bytes)]), 'a.png')
    const headers = { authorization: authorize(keys, 'POST', path, signed) }
    const answer = await fetch(`${world.sandbox.url}${path}`, { method: 'POST', headers, body })
    const text = await answer.text()
    assert.ok(answer.status === 401 || isSignedBy(keys, answer.headers, text))
    const { code, media_id } = JSON.parse(text) as { code?: string; media_id?: string }
    return code ?? media_id ?? ''
  }
  const id = await upload(png)
  assert.match(id, /^[0-9A-F]{32}\.image$/)
  assert.notEqual(await upload(png), id)
  for (const wrong of [
    upload(png, metaOf(Buffer.from('other'))),
    upload(png, metaOf(png, 'a.pdf')),
    upload(Buffer.from('%PDF-1.7')),
    upload(Buffer.concat([png, Buffer.alloc(2 * 1024 * 1024)])),
  ])
    assert.equal(await wrong, 'PARAM_ERROR')
  assert.equal(await upload(png, metaOf(png), 'not this'), 'SIGN_ERROR')

  await paid('shown-1', 1000)
  const { complaint_id: complaint } = await world.sandbox.control('POST', 'complaints', { out_trade_no: 'shown-1' })
  const { mchid } = world.sandbox.credentials
  const answer = (images: string[]) =>
    world.client.call('POST', `${COMPLAINTS}/${complaint}/response`, {
      complainted_mchid: mchid,
      response_content: '您好',
      response_images: images,
    })
  assert.equal((await answer([id, 'ABC.image'])).body.code, 'PARAM_ERROR')
  assert.equal((await answer([id])).status, 204)
})

test('a complaint is told, answered, refunded and closed', async () => {
  const callback = '/v3/merchant-service/complaint-notifications'
  const { mchid, privateKey } = world.sandbox.credentials
  const url = `${world.receiver.url}/complaints`
  assert.equal(await world.client.refused('GET', callback), '404 RESOURCE_NOT_EXISTS')
  assert.deepEqual(await world.client.ok('POST', callback, { url: `${url}/old` }), { mchid, url: `${url}/old` })
  assert.equal(await world.client.refused('POST', callback, { url }), '400 INVALID_REQUEST')
  await world.client.ok('PUT', callback, { url })
  assert.deepEqual(await world.client.ok('GET', callback), { mchid, url })

  await paid('angry-1', 1000)
  await world.arrived()
  const { complaint_id: id } = await world.sandbox.control('POST', 'complaints', { out_trade_no: 'angry-1' })
  const today = new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 10)
  const from = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
  const list = await world.client.ok('GET', `${COMPLAINTS}?begin_date=${from}&end_date=${today}&limit=5`)
  const [listed] = list.data as Record<string, unknown>[]
  const found = await world.client.ok('GET', `${COMPLAINTS}/${id}`)
  const open = (value: unknown) =>
    privateDecrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING },
      Buffer.from(String(value), 'base64'),
    ).toString()
  assert.equal(open(found.payer_phone), '13800138000')
  assert.deepEqual({ ...listed, payer_phone: '' }, { ...found, payer_phone: '' })
  assert.equal(found.complaint_state, 'PENDING')

  const post = (action: string, body: object) => world.client.call('POST', `${COMPLAINTS}/${id}/${action}`, body)
  const complete = { complainted_mchid: mchid }
  assert.equal((await post('complete', complete)).body.code, 'INVALID_REQUEST')
  assert.equal((await post('response', { ...complete, response_content: '您好' })).status, 204)
  assert.equal((await post('update-refund-progress', { action: 'APPROVE' })).body.code, 'PARAM_ERROR')
  assert.equal((await post('update-refund-progress', { action: 'APPROVE', launch_refund_day: 0 })).status, 204)
  await world.sandbox.control('POST', `complaints/${id}/refunded`)
  assert.equal((await post('complete', complete)).status, 204)
  assert.equal((await post('response', { ...complete, response_content: 'x' })).body.code, 'INVALID_REQUEST')
  const history = await world.client.ok('GET', `${COMPLAINTS}/${id}/negotiation-historys?limit=2&offset=0`)
  assert.deepEqual([history.total_count, (history.data as object[]).length], [5, 2])
  const told = await world.arrived()
  assert.deepEqual(
    told.map(({ type, path, resource }) => [type, path, resource.action_type]),
    [
      ['COMPLAINT.CREATE', '/complaints', 'CREATE_COMPLAINT'],
      ['COMPLAINT.STATE_CHANGE', '/complaints', 'MERCHANT_RESPONSE'],
      ['COMPLAINT.STATE_CHANGE', '/complaints', 'MERCHANT_APPROVE_REFUND'],
      ['COMPLAINT.STATE_CHANGE', '/complaints', 'REFUND_SUCCESS'],
      ['COMPLAINT.STATE_CHANGE', '/complaints', 'MERCHANT_CONFIRM_COMPLETE'],
    ],
  )
  assert.equal((await world.client.call('DELETE', callback)).status, 204)
})

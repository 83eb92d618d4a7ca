import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Currency } from '#kernel/currencies.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { readAccount } from '#providers/wechatpay/account.ts'
import { createWechatpayProvider } from '#providers/wechatpay/index.ts'
import { startWechatpaySandbox } from '#sandbox/wechatpay/index.ts'
import type { WechatpaySandbox } from '#sandbox/wechatpay/options.ts'
import { ok, refused, unknown } from '../contracts/answers.ts'
import { openDatabase } from '../contracts/database.ts'
import { openCheckedWire } from '../contracts/wechatpay-checked-wire.ts'

describe('a transfer to somebody in WeChat', () => {
  let sandbox: WechatpaySandbox
  let wire: Awaited<ReturnType<typeof openCheckedWire>>
  let close: () => Promise<void>
  before(async () => {
    const database = await openDatabase()
    const merchants = [{ mchid: '1900000109', appids: ['wx8888888888888888'], openingBalance: 1_000_000 }]
    sandbox = await startWechatpaySandbox({ databaseUrl: database.url, port: 0, seed: 'transfers', merchants })
    wire = await openCheckedWire(sandbox.url)
    close = database.close
  })
  after(async () => {
    await wire.close()
    await sandbox.close()
    await close()
  })
  const provider = (settings: object = { transfer_scene_id: '1000' }) => {
    const { mchid, appid, privateKey, serialNo, apiV3Key, publicKey, publicKeyId } = sandbox.credentials
    const secrets = { private_key: privateKey, serial_no: serialNo, api_v3_key: apiV3Key }
    const keys = { public_key: publicKey, public_key_id: publicKeyId }
    const account = readAccount({ mchid, appid, ...settings }, { ...secrets, ...keys })
    return createWechatpayProvider({ account, notifyUrl: 'http://127.0.0.1:9/n', livemode: false, apiBase: wire.url })
  }
  const calls = () => provider().transfers ?? assert.fail('no transfers')
  const order = (over: object = {}) => ({
    idempotencyKey: showId('operation', newUuid()),
    payee: 'oUpF8uMuAJO',
    amount: 300_000n,
    currency: 'cny' as Currency,
    note: 'Prize',
    name: '张三',
    reports: [{ type: '活动名称', content: 'Raffle' }],
    ...over,
  })

  test('is there only where WeChat has approved an occasion', () => {
    assert.equal(provider({}).transfers, undefined)
  })

  test('waits for the payee, is one however often it is sent, and ends when it is confirmed', async () => {
    const command = order()
    const sent = ok(await calls().send(command))
    assert.deepEqual([sent.state, sent.amount], ['requires_action', 300_000n])
    assert.ok(sent.confirmation)
    assert.equal(ok(await calls().send(command)).ref, sent.ref)
    await sandbox.control('POST', `transfers/${command.idempotencyKey.replace('_', '')}/confirm`)
    assert.equal(ok(await calls().find(command))?.state, 'succeeded')
  })

  test('whose answer is lost is found by its key, and one that was never sent is not', async () => {
    const command = order()
    await sandbox.control('POST', 'faults', { fault: 'lost_answer', count: 1, match: { method: 'POST' } })
    unknown(await calls().send(command))
    assert.equal(ok(await calls().find(command))?.amount, 300_000n)
    assert.equal(ok(await calls().find(order())), undefined)
  })

  test('is stopped before it is confirmed', async () => {
    const command = order()
    ok(await calls().send(command))
    const stopped = ok(await calls().cancel(command))
    assert.ok(stopped.state === 'canceled' || stopped.state === 'pending')
  })

  test('is refused in another currency, without an occasion, and a large amount without a name', async () => {
    refused(await calls().send(order({ currency: 'eur' })))
    refused(await calls().send(order({ reports: [] })))
    const { name: _, ...nameless } = order()
    refused(await calls().send(nameless))
    assert.deepEqual(wire.complaints, [])
  })
})

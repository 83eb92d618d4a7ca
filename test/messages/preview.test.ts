import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ChannelId } from '#channels/channel.ts'
import { createWorld, type World } from '../support/world.ts'

const all: ChannelId[] = ['messenger', 'whatsapp', 'telegram', 'wechat', 'line', 'webchat', 'custom']

describe('a preview', () => {
  let world: World
  before(async () => {
    world = await createWorld({ work: false })
  })
  after(() => world[Symbol.asyncDispose]())

  const call = (path: string, body: object) => world.request('bot').post(path).send(body)
  const setUp = async (currency: string, unit_amount: number) => {
    const thread = (await call('/v1/threads', { channel: 'webchat', external_id: `p-${currency}` })).body
    const checkout = (
      await call('/v1/checkouts', {
        thread: thread.id,
        currency,
        line_items: [{ name: 'Tea', quantity: 2, unit_amount }],
      })
    ).body
    return { checkout, path: `/v1/threads/${thread.id}/messages` }
  }

  test('shows what each channel would get, and sends nothing', async () => {
    const { checkout, path } = await setUp('eur', 2100)
    const query = all.map((channel) => `channels[]=${channel}`).join('&')
    const { status, body } = await call(`${path}?preview=true&${query}`, { checkout: checkout.id })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.object, 'message_preview')
    assert.deepEqual(
      body.data.map(({ channel }: { channel: string }) => channel),
      all,
    )
    for (const { channel, method, payload, text, warnings } of body.data) {
      assert.ok(method.length > 0 && Array.isArray(warnings), channel)
      assert.match(text, /€42\.00/, channel)
      assert.match(JSON.stringify(payload), /\/pay\//, channel)
    }
    const { data } = (await world.request('bot').get(path)).body
    assert.deepEqual(data, [])
  })

  test('is of the thread alone when no channel is named', async () => {
    const { checkout, path } = await setUp('jpy', 600)
    const { body } = await call(`${path}?preview=true`, { payment_intent: checkout.payment_intent })
    const [only, ...others] = body.data
    assert.deepEqual([only.channel, others.length], ['webchat', 0])
    assert.deepEqual([only.payload.card.amount, only.payload.card.amount_text], [1200, '¥1,200'])
  })

  test('of what cannot be shown says why', async () => {
    const { path } = await setUp('usd', 600)
    assert.equal((await call(`${path}?preview=true`, {})).body.error.code, 'parameter_missing')
    assert.equal((await call(`${path}?preview=true&channels[]=fax`, { text: 'x' })).status, 400)
    const sms = (await call('/v1/threads', { channel: 'sms', external_id: 'x' })).body
    const { status, body } = await call(`/v1/threads/${sms.id}/messages?preview=true`, { text: 'x' })
    assert.deepEqual([status, body.error?.code], [400, 'channel_not_connected'])
  })
})

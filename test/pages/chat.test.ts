import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { get } from 'node:http'
import { after, before, describe, test } from 'node:test'
import express from 'express'
import { pino } from 'pino'
import request from 'supertest'
import { makeChatToken, readChatToken } from '#pages/chat/chat-token.ts'
import { createChat } from '#pages/chat.ts'
import { assets } from '#pages/web/assets.ts'
import { createSecrets } from '#platform/crypto.ts'
import { createWorld, type World } from '../support/world.ts'

const uuid = (end: number): string => `019ad000-0000-7000-8000-${String(end).padStart(12, '0')}`

describe('a token of the web chat', () => {
  const secrets = createSecrets('a secret')
  const expiresAt = new Date('2026-11-22T13:00:00Z')
  const place = { merchantId: uuid(1), threadId: uuid(2), participantId: uuid(3), livemode: true, expiresAt }
  const token = makeChatToken(secrets, place)
  const now = new Date('2026-11-22T12:00:00Z')

  test('opens what it was made for, until its end', () => {
    assert.deepEqual(readChatToken(secrets, token, now), place)
    assert.equal(readChatToken(secrets, token, expiresAt), undefined)
  })

  test('nothing else opens anything: one flipped bit, another secret, other writings', () => {
    const bytes = Buffer.from(token, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const other = Buffer.from(bytes)
      other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      assert.equal(readChatToken(secrets, other.toString('base64url'), now), undefined, `bit ${bit}`)
    }
    assert.equal(readChatToken(createSecrets('another'), token, now), undefined)
    for (const wrong of ['', 'x', `${token}=`, `${token}A`, token.slice(0, -1)])
      assert.equal(readChatToken(secrets, wrong, now), undefined)
  })
})

describe('the web chat', () => {
  let world: World
  let app: express.Express
  before(async () => {
    world = await createWorld({ work: false })
    const { chat } = world.app.services
    app = express().use(createChat({ chat, clock: world.clock, logger: pino({ level: 'silent' }) }))
  })
  after(() => world[Symbol.asyncDispose]())

  const openThread = async (change: object = {}) => {
    const { body } = await world
      .request('bot')
      .post('/v1/threads')
      .send({
        channel: 'webchat',
        external_id: randomBytes(8).toString('hex'),
        locale: 'en',
        participants: [{ external_id: 'visitor', role: 'payer', name: 'Zoë' }],
        ...change,
      })
      .expect(200)
    return body as { id: string; participants: { id: string }[] }
  }
  const openChat = async () => {
    const thread = await openThread()
    const { body } = await world.request('bot').post(`/v1/threads/${thread.id}/chat_token`).send({}).expect(200)
    return { thread, path: `/chat/${body.token}`, token: body }
  }
  const say = (path: string, text: string) =>
    request(app).post(`${path}/messages`).set('x-script', '1').type('form').send({ text })

  test('a token is for one thread of webchat and one person', async () => {
    const { thread, token } = await openChat()
    assert.deepEqual([token.thread, token.participant], [thread.id, thread.participants[0]?.id])
    const post = (id: string, body = {}) => world.request('bot').post(`/v1/threads/${id}/chat_token`).send(body)
    const telegram = await openThread({ channel: 'telegram' })
    assert.equal((await post(telegram.id)).status, 400)
    const nobody = await openThread({ participants: [] })
    assert.equal((await post(nobody.id)).body.error.code, 'parameter_missing')
    await post(nobody.id, { participant: { external_id: 'guest', role: 'payer' } }).expect(200)
    await post(nobody.id, { participant: token.participant }).expect(404)
    const other = await world.openShop('Other')
    await world.request('bot', other).post(`/v1/threads/${thread.id}/chat_token`).send({}).expect(404)
    await world.request('finance').post(`/v1/threads/${thread.id}/chat_token`).send({}).expect(403)
  })

  test('shows the thread, and hears its person: the bot reads it as an event', async () => {
    const { thread, path, token } = await openChat()
    await world.request('bot').post(`/v1/threads/${thread.id}/messages`).send({ text: 'Hello <b>!' }).expect(200)
    assert.equal((await say(path, 'Hi there')).status, 204)
    const { text } = await request(app).get(path).expect(200)
    assert.match(text, /item bot.*Hello &lt;b&gt;!.*item me.*Hi there/s)
    const { body } = await world.request('service').get('/v1/events?type=thread.message.created&limit=1')
    assert.deepEqual([body.data[0].data.object.text, body.data[0].data.object.from], ['Hi there', token.participant])
  })

  test('nobody reads or writes with what is no token', async () => {
    const { path } = await openChat()
    for (const wrong of [`${path}A`, '/chat/x', '/chat/%2e%2e']) {
      assert.equal((await request(app).get(wrong)).status, 404)
      assert.equal((await request(app).get(`${wrong}/events`)).status, 204)
      assert.equal((await say(wrong, 'hi')).status, 404)
    }
  })

  test('what is no message is refused, and so is a flood', async () => {
    const { path } = await openChat()
    for (const text of ['', '   ', 'x'.repeat(4097), 'a\0b']) assert.equal((await say(path, text)).status, 400)
    await request(app)
      .post(`${path}/messages`)
      .set('sec-fetch-site', 'cross-site')
      .type('form')
      .send('text=hi')
      .expect(403)
    const { path: busy } = await openChat()
    const answers = await Promise.all(Array.from({ length: 8 }, () => say(busy, 'again')))
    assert.equal(answers.filter(({ status }) => status === 204).length, 3)
    assert.equal(answers.filter(({ status, headers }) => status === 429 && headers['retry-after']).length, 5)
  })

  test('only sites that the shop has named may show it', async () => {
    const { path } = await openChat()
    const policy = async () => (await request(app).get(path)).headers['content-security-policy'] ?? ''
    assert.match(await policy(), /frame-ancestors 'self'$/)
    await world
      .request('service')
      .post('/v1/connections')
      .send({ channel: 'webchat', settings: { allowed_origins: ['https://shop.example'] } })
      .expect(200)
    assert.match(await policy(), /frame-ancestors 'self' https:\/\/shop\.example$/)
  })

  test('is followed live, and a stream that was cut goes on after the last message', async () => {
    const { thread, path } = await openChat()
    const bot = (text: string) =>
      world.request('bot').post(`/v1/threads/${thread.id}/messages`).send({ text }).expect(200)
    await bot('one')
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const listen = async (lastId: string | undefined, isDone: (text: string) => boolean): Promise<string> => {
      const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
      return new Promise((resolve, reject) => {
        const call = get({ port, path: `${path}/events`, headers }, (response) => {
          let heard = ''
          response.setEncoding('utf8').on('data', (part: string) => {
            heard += part
            if (!isDone(heard)) return
            call.destroy()
            resolve(heard)
          })
        }).on('error', reject)
      })
    }
    try {
      const first = listen(undefined, (text) => text.includes('>two<'))
      await bot('two')
      const heard = await first
      assert.match(heard, />one</)
      const lastId = [...heard.matchAll(/^id: (\S+)/gm)].at(-1)?.[1]
      await bot('three')
      const rest = await listen(lastId, (text) => text.includes('>three<'))
      assert.doesNotMatch(rest, />(one|two)</)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('what a site loads is small', async () => {
    const { text } = await request(app).get('/chat/widget.js').expect(200)
    assert.ok(Buffer.byteLength(text) < 4000)
    assert.ok(Buffer.byteLength(text + assets.chatScript.body + assets.chat.body) < 15_000)
  })
})

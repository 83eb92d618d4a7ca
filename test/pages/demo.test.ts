import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import express from 'express'
import { pino } from 'pino'
import request from 'supertest'
import { bouquets } from '#pages/demo/bouquets.ts'
import { chatFragments } from '#pages/demo/chat-view.ts'
import { panelFragments } from '#pages/demo/panel-view.ts'
import type { Message } from '#pages/demo/shapes.ts'
import { emptyStory, type Story } from '#pages/demo/story.ts'
import { understand } from '#pages/demo/wish.ts'
import { demoWords } from '#pages/demo/words.ts'
import { createDemo } from '#pages/demo.ts'
import { locales, texts } from '#pages/texts/texts.ts'
import { curlOf } from '#pages/web/curl.ts'
import { colour } from '#pages/web/json-colours.ts'
import { chooseLanguage } from '#pages/web/locale.ts'
import { now } from './payment-pages.ts'

describe('the bot', () => {
  test('understands its own buttons in every language', () => {
    for (const locale of locales) {
      const words = demoWords[locale]
      for (const name of ['show', 'delivery', 'refund', 'help'] as const)
        assert.equal(understand(words[name], words).kind, name, locale)
      const byWechat = understand(words.wechat, words)
      assert.ok(byWechat.kind === 'buy' && byWechat.currency === 'cny', locale)
      for (const { sku, name } of bouquets) {
        const wish = understand(words.buy.replace('{name}', name), words)
        assert.ok(wish.kind === 'buy' && wish.bouquet.sku === sku, `${locale} ${name}`)
      }
    }
  })

  test('understands a few sentences', () => {
    const sentences: [string, string][] = [
      ['hi there', 'show'],
      ['What flowers do you have?', 'show'],
      ['I want to buy something', 'show'],
      ['When will it be delivered?', 'delivery'],
      ['can I get my money back for the Sakura', 'refund'],
      ['a refund of what I paid by WeChat', 'refund'],
      ['what can you do', 'help'],
      ['Thanks!', 'thanks'],
      ['sakura please', 'buy'],
      ['xyzzy', 'unknown'],
    ]
    for (const [text, kind] of sentences) assert.equal(understand(text, demoWords.en).kind, kind, text)
  })
})

describe('the chat', () => {
  const language = chooseLanguage('en', undefined)
  const speech = { language, texts: texts.en, words: demoWords.en }
  const say = (id: string, text: string, more: Partial<Message> = {}): Message => ({
    id,
    created: now.getTime() / 1000,
    direction: 'in',
    kind: 'text',
    text,
    card: null,
    payment_intent: null,
    metadata: {},
    ...more,
  })

  test('begins with a greeting and buttons', () => {
    const pieces = chatFragments(emptyStory, speech, now)
    assert.deepEqual(
      pieces.map(({ id }) => id),
      ['day-2026-11-22', 'greeting', 'options'],
    )
  })

  test('keeps text text, in order, with a line between days', () => {
    const messages = [
      say('msg_1', '<img src=x onerror=alert(1)>', { created: now.getTime() / 1000 - 86_400 }),
      say('msg_2', 'b'),
    ]
    const pieces = chatFragments({ ...emptyStory, messages }, speech, now).filter(({ list }) => list === 'messages')
    const ids = pieces.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ id }) => id)
    assert.deepEqual(ids, ['day-2026-11-21', 'greeting', 'msg_1', 'day-2026-11-22', 'msg_2'])
    assert.doesNotMatch(pieces.map(({ markup }) => markup).join(''), /<img src=x/)
  })

  test('a piece has a new version only when it looks different', () => {
    const of = (text: string) =>
      chatFragments({ ...emptyStory, messages: [say('msg_1', text)] }, speech, now).find(({ id }) => id === 'msg_1')
        ?.version
    assert.equal(of('a'), of('a'))
    assert.notEqual(of('a'), of('b'))
  })
})

describe('the panel', () => {
  const entries = [
    { account: '1110', name: 'PSP – pending', currency: 'eur', amount: 4200 },
    { account: '4010', name: 'Sales', currency: 'eur', amount: -4200 },
  ]
  const line = {
    at: '2026-11-22T12:00:00.000Z',
    kind: 'ledger',
    text: 'capture booked',
    path: '/v1/x',
    call: { method: 'GET', path: '/v1/x' },
  } as const
  const story: Story = { ...emptyStory, lines: [{ ...line, id: 'ltx_1', entries }] }
  const markup = panelFragments(story, 'https://pay.example')
    .map((one) => one.markup)
    .join('')

  test('shows debits, credits, and that they are equal', () => {
    assert.match(markup, /Debit 42\.00 = credit 42\.00 EUR/)
    assert.match(markup, /<td class="money">42\.00<\/td><td><\/td>.*<td><\/td><td class="money">42\.00<\/td>/s)
  })

  test('links every line to its JSON and its curl', () => {
    assert.match(markup, /href="\/demo\/json\?path=%2Fv1%2Fx"/)
    assert.match(markup, /curl https:\/\/pay\.example\/v1\/x -u &quot;\$PARLEY_KEY:&quot;/)
  })
})

describe('calls and objects', () => {
  test('a call can be typed into a shell as it stands', () => {
    const params = {
      amount: 4200,
      description: "it's “new” $HOME",
      thread: { channel: 'webchat' },
      items: [{ name: 'a b' }],
    }
    assert.equal(
      curlOf('https://pay.example', { method: 'POST', path: '/v1/x', params }),
      `curl https://pay.example/v1/x -u "$PARLEY_KEY:" \\\n  -d amount=4200 \\\n  -d 'description=it'\\''s “new” $HOME' \\\n  -d 'thread[channel]=webchat' \\\n  -d 'items[0][name]=a b'`,
    )
    assert.equal(
      curlOf('https://pay.example', { method: 'POST', path: '/v1/x' }),
      'curl https://pay.example/v1/x -u "$PARLEY_KEY:" -X POST',
    )
  })

  test('JSON is coloured and stays JSON', () => {
    const json = JSON.stringify({ 'a"<b>': ['x</code>', 1.5e3, -2, true, null] }, null, 2)
    const shown = colour(json).markup
    assert.doesNotMatch(shown, /<b>|x<\/code>/)
    const plain = shown
      .replaceAll(/<[^>]+>/g, '')
      .replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
    assert.equal(plain, json)
  })
})

describe('the demo over HTTP', () => {
  const options = { apiBase: 'http://127.0.0.1:9', publicUrl: 'https://pay.example', botKey: 'b', merchantKey: 'm' }
  const app = express().use(createDemo({ ...options, clock: { now: () => now }, logger: pino({ level: 'silent' }) }))

  test('refuses the forms of other sites', async () => {
    for (const path of ['/demo/say', '/demo/grant', '/demo/forget']) {
      await request(app).post(path).set('sec-fetch-site', 'cross-site').send('text=hi').expect(403)
    }
  })

  test('the bot believes no notification that is not signed', async () => {
    const body = { id: 'evt_1', data: { object: { thread: 'thr_1', direction: 'in', text: 'hi', metadata: {} } } }
    await request(app).post('/demo/hook').send(body).expect(204)
    await request(app).post('/demo/hook').set('stripe-signature', 't=1,v1=00').send('{').expect(204)
  })

  test('pictures are ours, and get no rights', async () => {
    for (const file of [...bouquets.map(({ sku }) => `${sku}.svg`), 'logo.svg']) {
      const { headers } = await request(app).get(`/demo/art/${file}`).expect(200)
      assert.match(headers['content-security-policy'] ?? '', /default-src 'none'/)
    }
    await request(app).get('/demo/art/..%2f..%2fpackage.json').expect(404)
  })

  test('shows no object to somebody who has no thread', async () => {
    const { text } = await request(app).get('/demo/json?path=/v1/payment_intents').expect(404)
    assert.match(text, /none of the objects of your chat/)
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { readVetoAnswer } from '#payments/veto-answer.ts'
import { createOutbound } from '#platform/outbound.ts'

describe("an endpoint's answer", () => {
  const answers: [string, string, ReturnType<typeof readVetoAnswer>][] = [
    ['yes', '{"approved":true,"more":1}', { approved: true }],
    ['no', '{"approved":false}', { approved: false, message: null }],
    ['no, with words', '{"approved":false,"message":" Sold\\n\\tout "}', { approved: false, message: 'Sold out' }],
    ['no, with words of another kind', '{"approved":false,"message":{"a":1}}', { approved: false, message: null }],
    [
      'words that turn direction',
      '{"approved":false,"message":"a\\u202eb\\u0000"}',
      { approved: false, message: 'ab' },
    ],
    ['neither', '{"approved":"true"}', undefined],
    ['a list', '[true]', undefined],
    ['null', 'null', undefined],
    ['no JSON', 'approved', undefined],
    ['nothing', '', undefined],
  ]
  for (const [what, body, wanted] of answers) {
    test(what, () => assert.deepEqual(readVetoAnswer(body), wanted))
  }

  test('is clipped to 200 characters, whole ones', () => {
    const answer = readVetoAnswer(JSON.stringify({ approved: false, message: '🌷'.repeat(300) }))
    assert.ok(answer?.approved === false && answer.message)
    assert.equal(answer.message, `${'🌷'.repeat(199)}…`)
  })
})

const serve = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

const ask = (url: string, { allowPrivate = true, timeoutMs = 5000 } = {}) =>
  createOutbound({ allowPrivate }).ask({ url, headers: {}, body: '{}' }, timeoutMs)

describe('asking an address that a stranger chose', () => {
  test('brings the body of the answer', async () => {
    await using server = await serve((_, response) => void response.writeHead(201).end('{"a":1}'))
    assert.deepEqual(await ask(server.url), { ok: true, status: 201, body: '{"a":1}' })
  })

  test('never reaches a private network', async () => {
    let calls = 0
    await using server = await serve((_, response) => {
      calls++
      response.end()
    })
    const answer = await ask(server.url, { allowPrivate: false })
    assert.deepEqual([answer.ok, calls], [false, 0])
  })

  test('follows no redirect', async () => {
    await using inner = await serve((_, response) => void response.end('secret'))
    await using server = await serve((_, response) => void response.writeHead(302, { location: inner.url }).end())
    assert.deepEqual(await ask(server.url), { ok: true, status: 302, body: '' })
  })

  test('gives up on what is too long, cut off or late', async () => {
    const endings: [RequestListener, boolean][] = [
      [(_, response) => void response.end('x'.repeat(16 * 1024 + 1)), false],
      [
        (_, response) => void response.writeHead(200, { 'content-length': '9' }).write('x', () => response.destroy()),
        false,
      ],
      [(_, response) => void response.writeHead(200).write('x'), true],
      [() => undefined, true],
    ]
    for (const [listener, isLate] of endings) {
      await using server = await serve(listener)
      const answer = await ask(server.url, { timeoutMs: isLate ? 50 : 5000 })
      assert.deepEqual([answer.ok, !answer.ok && answer.isLate], [false, isLate])
    }
  })

  test('takes exactly what is allowed', async () => {
    await using server = await serve((_, response) => void response.end('x'.repeat(16 * 1024)))
    const answer = await ask(server.url)
    assert.equal(answer.ok && answer.body.length, 16 * 1024)
  })
})

import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { answerOfStatus, type CallAnswer, callJson, retryAfterOf, toSendAnswer } from '#channels/http.ts'
import { type FakeReply, startFakeServer } from '../support/fake-server.ts'

const token = 'EAAB-very-secret'
const ask = async (reply: FakeReply): Promise<CallAnswer> => {
  await using server = await startFakeServer(() => reply)
  return await callJson({ url: `${server.url}/send?access_token=${token}`, body: { text: 'é' } })
}

describe('one call', () => {
  test('posts JSON and hands over status and body', async () => {
    const seen: unknown[] = []
    await using server = await startFakeServer(({ method, path, headers, body }) => {
      seen.push([method, path, headers['content-type'], headers.authorization, body.toString()])
      return { status: 201, json: { id: 'm_1' } }
    })
    const answer = await callJson({
      url: `${server.url}/a`,
      headers: { authorization: 'Bearer x' },
      body: { text: 'é' },
    })
    assert.deepEqual(seen, [['POST', '/a', 'application/json', 'Bearer x', '{"text":"é"}']])
    assert.deepEqual(answer.outcome === 'answered' && [answer.status, answer.body], [201, { id: 'm_1' }])
    await callJson({ url: `${server.url}/b` })
    assert.deepEqual(seen[1], ['GET', '/b', undefined, undefined, ''])
  })

  test('keeps ids beyond 2^53 as they are written', async () => {
    const answer = await ask({ status: 200, text: '{"msgid":2906466797283803137,"n":5,"f":1.5,"s":"7"}' })
    assert.deepEqual(answer.outcome === 'answered' && answer.body, {
      msgid: '2906466797283803137',
      n: 5,
      f: 1.5,
      s: '7',
    })
  })

  test('what is no JSON, or endless, has no body', async () => {
    for (const text of ['<html>', '', '{"a":', `"${'x'.repeat(1_100_000)}"`]) {
      const answer = await ask({ status: 502, text })
      assert.deepEqual(answer.outcome === 'answered' && [answer.status, answer.body], [502, undefined])
    }
  })

  test('follows no redirect', async () => {
    await using other = await startFakeServer(() => assert.fail('followed'))
    const answer = await ask({ status: 307, headers: { location: other.url } })
    assert.equal(answer.outcome === 'answered' && answer.status, 307)
  })

  test('a connection that was refused sent nothing: certainly not sent, and temporary', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => closed.once('listening', resolve))
    const address = closed.address()
    await new Promise((resolve) => closed.close(resolve))
    const port = typeof address === 'object' && address ? address.port : 1
    const answer = await callJson({ url: `http://127.0.0.1:${port}/?access_token=${token}`, body: {} })
    assert.equal(answer.outcome, 'unreached')
    const sent = toSendAnswer(answer, () => assert.fail('nothing was answered'))
    assert.equal(sent.outcome === 'refused' && sent.failure.reason, 'temporary')
    assert.doesNotMatch(JSON.stringify([answer, sent]), new RegExp(token))
  })

  test('a host that does not exist was not reached either', async () => {
    const answer = await callJson({ url: 'http://nowhere.invalid/', body: {} })
    assert.equal(answer.outcome, 'unreached')
  })

  test('a connection that breaks after the request leaves it open', async () => {
    const answer = await ask('cut')
    assert.equal(answer.outcome, 'lost')
    const sent = toSendAnswer(answer, () => assert.fail('nothing was answered'))
    assert.equal(sent.outcome, 'unknown')
    assert.doesNotMatch(JSON.stringify([answer, sent]), new RegExp(token))
  })

  test('a server that hangs leaves it open at the deadline', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const address = silent.address()
    const port = typeof address === 'object' && address ? address.port : 1
    const answer = await callJson({ url: `http://127.0.0.1:${port}/`, body: {}, timeoutMs: 50 })
    silent.close()
    assert.deepEqual(answer, { outcome: 'lost', reason: 'no answer within 50 ms' })
  })

  test('never throws, whatever the address', async () => {
    for (const url of ['', 'nonsense', 'ftp://a.example/', 'http://[::1', 'http://127.0.0.1:0/']) {
      assert.notEqual((await callJson({ url, body: {} })).outcome, 'answered', url)
    }
  })
})

describe('an answer by its status alone', () => {
  const of = (status: number, headers = {}) => answerOfStatus({ status, headers: new Headers(headers) })
  test('a 5xx, and a 2xx that says nothing, may have been sent', () => {
    for (const status of [200, 204, 500, 502, 503, 504]) assert.equal(of(status).outcome, 'unknown', `${status}`)
  })
  const refused: [number, string][] = [
    [307, 'unknown'],
    [400, 'unknown'],
    [401, 'connection_broken'],
    [403, 'connection_broken'],
    [429, 'rate_limited'],
  ]
  for (const [status, reason] of refused) {
    test(`${status} is refused: ${reason}`, () => {
      const answer = of(status)
      assert.equal(answer.outcome === 'refused' && answer.failure.reason, reason)
    })
  }
  test('Retry-After in seconds or as a date, at most a day', () => {
    const date = 'Sun, 22 Nov 2026 17:00:00 GMT'
    const cases: [Record<string, string>, object][] = [
      [{ 'retry-after': '7' }, { retryAfterMs: 7000 }],
      [{ 'retry-after': 'Sun, 22 Nov 2026 17:00:30 GMT', date }, { retryAfterMs: 30_000 }],
      [{ 'retry-after': 'Sun, 22 Nov 2026 16:00:30 GMT', date }, { retryAfterMs: 0 }],
      [{ 'retry-after': '999999' }, { retryAfterMs: 86_400_000 }],
      [{ 'retry-after': 'soon' }, {}],
      [{}, {}],
    ]
    for (const [headers, expected] of cases) {
      assert.deepEqual(retryAfterOf({ headers: new Headers(headers) }), expected, JSON.stringify(headers))
    }
  })
})

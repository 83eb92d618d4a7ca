import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { createEar } from '#pages/demo/ear.ts'
import { showSecret, signatureHeaders } from '#platform/outbound-signature.ts'

const now = new Date('2026-11-22T12:00:00Z')
const url = 'http://127.0.0.1:1/demo/hook'
const secret = showSecret(Buffer.alloc(24, 7))
const said = { thread: 'thr_1', direction: 'in', text: 'hi', metadata: {} }
const body = JSON.stringify({ id: 'evt_1', data: { object: said } })
const signed = (at: Date, key = secret) => signatureHeaders(key, { id: 'evt_1', body, at })['Stripe-Signature']

const openEar = async () => {
  const posts: [string, object][] = []
  const old = { id: 'we_old', url, status: 'enabled' }
  const get = async <T>(_path: string, shape: z.ZodType<T>) =>
    shape.parse({ data: [old, { ...old, url: 'https://x.example' }] })
  const post = async <T>(path: string, params: object, shape: z.ZodType<T>) => {
    posts.push([path, params])
    return shape.parse({ id: 'we_1', url, status: 'enabled', secret })
  }
  const ear = createEar({ get, post, raw: async () => ({ status: 200, body: {} }) }, url, () => now)
  await Promise.all([ear.open(), ear.open()])
  return { ear, posts }
}

test('listens by one endpoint, and puts those of earlier starts to rest', async () => {
  const { posts } = await openEar()
  assert.deepEqual(
    posts.map(([path]) => path),
    ['/v1/webhook_endpoints/we_old', '/v1/webhook_endpoints'],
  )
})

test('hears what is signed, fresh and new, and nothing else', async () => {
  const { ear } = await openEar()
  const bytes = Buffer.from(body)
  const wrong = [undefined, '', signed(now, showSecret(Buffer.alloc(24, 8))), signed(new Date(now.getTime() - 600_000))]
  for (const signature of wrong) assert.equal(await ear.hear(bytes, signature), undefined)
  assert.equal(await ear.hear(Buffer.from(body.replace('hi', 'ho')), signed(now)), undefined)
  assert.deepEqual(await ear.hear(bytes, signed(now)), said)
  assert.equal(await ear.hear(bytes, signed(now)), undefined, 'the same one again')
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { newUuid } from '#kernel/ids.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { currencyOf, itemOf, post } from '../ledger/ledger-database.ts'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

const call = (path: string, init: RequestInit = {}, shop = world.shop): Promise<Response> =>
  fetch(`${world.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${shop.keys.finance}`, ...init.headers },
  })

const book = async (count: number): Promise<void> => {
  const merchant = world.shop.uuid
  const posting = () =>
    postCaptured({
      providerChargeRef: `ch_${newUuid()}`,
      total: 4200n,
      currency: currencyOf('eur'),
      effectiveAt: new Date('2026-11-02T09:00:00Z'),
    })
  await post(
    world.app.db,
    Array.from({ length: count }, () => itemOf(merchant, posting())),
  )
}

const finished = async (id: string): Promise<Record<string, unknown>> => {
  let view: Record<string, unknown> = {}
  await until('the export to succeed', async () => {
    view = (await (await call(`/v1/exports/${id}`)).json()) as Record<string, unknown>
    return view.status === 'succeeded'
  })
  return view
}

const create = async (body: string): Promise<string> => {
  const response = await call('/v1/exports', { method: 'POST', body })
  const view = (await response.json()) as { id: string; status: string }
  assert.equal(response.status, 200, JSON.stringify(view))
  assert.equal(view.status, 'queued')
  return view.id
}

test('a worker makes what the API asked for, and the webhook event tells of it', async () => {
  await book(50)
  const id = await create('format=csv')
  const view = await finished(id)
  assert.deepEqual(view.progress, { parts_done: 1, parts_total: 1, rows_done: 100, rows_total: 100 })
  const events = (await (await call('/v1/events?type=export.ready')).json()) as {
    data: { data: { object: { id: string; status: string } } }[]
  }
  assert.deepEqual(
    events.data.map(({ data }) => [data.object.id, data.object.status]),
    [[id, 'succeeded']],
  )
  const list = (await (await call('/v1/exports')).json()) as { data: { id: string }[] }
  assert.deepEqual(
    list.data.map((one) => one.id),
    [id],
  )
})

test('the same Idempotency-Key makes one export', async () => {
  const headers = { 'idempotency-key': newUuid() }
  const send = async () => (await call('/v1/exports', { method: 'POST', body: 'format=jsonl', headers })).json()
  assert.deepEqual(await send(), await send())
})

describe('the download', () => {
  let path = ''
  let file: Buffer
  let tag = ''
  before(async () => {
    await book(20)
    const id = await create('format=csv&compression=gzip')
    await finished(id)
    path = `/v1/exports/${id}/download`
    const response = await call(path)
    file = Buffer.from(await response.arrayBuffer())
    tag = response.headers.get('etag') ?? ''
    const digest = createHash('sha256').update(file).digest()
    assert.equal(tag, `"${digest.toString('hex')}"`)
    assert.equal(response.headers.get('repr-digest'), `sha-256=:${digest.toString('base64')}:`)
    assert.equal(response.headers.get('content-length'), String(file.length))
    assert.match(response.headers.get('content-disposition') ?? '', /^attachment; filename="journal-1-\d+\.csv\.gz"$/)
  })

  test('serves ranges that equal slices of the whole', async () => {
    const size = file.length
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      ['bytes=10-99', 10, 100],
      ['bytes=100-', 100, size],
      ['bytes=-7', size - 7, size],
      [`bytes=0-${size * 2}`, 0, size],
    ] as const) {
      const response = await call(path, { headers: { range, 'if-range': tag } })
      assert.equal(response.status, 206, range)
      assert.equal(response.headers.get('content-range'), `bytes ${from}-${to - 1}/${size}`)
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(file.subarray(from, to)), range)
    }
  })

  test('serves all of it when the range is no longer of this file, or is not understood', async () => {
    for (const headers of [
      { range: 'bytes=5-9', 'if-range': '"another"' },
      { range: 'bytes=1-2,4-5' },
      { range: 'lines=1-2' },
      { range: 'bytes=9-5' },
    ] as Record<string, string>[]) {
      const response = await call(path, { headers })
      assert.equal(response.status, 200)
      assert.equal((await response.arrayBuffer()).byteLength, file.length)
    }
  })

  test('answers 416 behind its end, 304 to who has it, and HEAD without a body', async () => {
    const behind = await call(path, { headers: { range: `bytes=${file.length}-` } })
    assert.deepEqual([behind.status, behind.headers.get('content-range')], [416, `bytes */${file.length}`])
    const known = await call(path, { headers: { 'if-none-match': tag } })
    assert.deepEqual([known.status, await known.text()], [304, ''])
    const head = await call(path, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(file.length)])
  })

  test('is for its merchant alone, as all else of the export', async () => {
    const other = await world.openShop('Another')
    const id = path.split('/')[3]
    for (const end of ['', '/download', '/manifest', '/sha256sums'])
      assert.equal((await call(`/v1/exports/${id}${end}`, {}, other)).status, 404, end)
    assert.equal((await call(`/v1/exports/${id}/cancel`, { method: 'POST' }, other)).status, 404)
    const list = (await (await call('/v1/exports', {}, other)).json()) as { data: unknown[] }
    assert.deepEqual(list.data, [])
    const stream = await call('/v1/exports/stream?format=csv', {}, other)
    assert.equal((await stream.text()).split('\r\n').length, 2, 'the head alone')
  })
})

describe('the stream', () => {
  test('has what was booked a moment ago, and its digest and seal in the headers', async () => {
    await book(1)
    const response = await call('/v1/exports/stream?format=csv')
    const bytes = Buffer.from(await response.arrayBuffer())
    const head = (await (await call('/v1/ledger/seals/head')).json()) as { seq: number }
    assert.equal(response.headers.get('parley-as-of-seq'), String(head.seq))
    const digest = createHash('sha256').update(bytes).digest('base64')
    assert.equal(response.headers.get('repr-digest'), `sha-256=:${digest}:`)
    assert.equal(bytes.toString().split('\r\n').length - 2, head.seq * 2)
    assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8; header=present')
  })
})

test('what is wrong with a request is said, with the parameter', async () => {
  const refuse = async (query: string): Promise<string> => {
    const response = await call(`/v1/exports/stream?${query}`)
    const { error } = (await response.json()) as { error: { code: string; param: string; message: string } }
    return `${response.status} ${error.code} ${error.param}: ${error.message}`
  }
  assert.match(await refuse('format=word'), /^400 parameter_invalid_string format: .*csv, jsonl, .*hledger, beancount/)
  assert.match(await refuse(''), /^400 parameter_\w+ format:/)
  assert.match(await refuse('format=csv&account=9999'), /^404 resource_missing account: .*'9999'/)
  assert.match(await refuse('format=csv&account=cash'), /^400 parameter_invalid_string account:/)
  assert.match(await refuse('format=csv&currency=xxx'), /^400 parameter_invalid_string currency:/)
  assert.match(await refuse('format=csv&from=2026-02-30'), /^400 parameter_invalid_string from:/)
  assert.match(await refuse('format=csv&from=2026-02-03&to=2026-02-01'), /^400 parameter_invalid_string from:/)
  assert.match(await refuse('format=csv&as_of_seq=99999999'), /^409 ledger_seq_not_sealed as_of_seq: .*up to \d+/)
  assert.match(await refuse('format=csv&from_seq=9&as_of_seq=8'), /^400 parameter_invalid_integer from_seq:/)
  assert.match(await refuse('format=hledger&account=1110'), /^400 parameters_exclusive account:/)
  assert.match(await refuse('format=hledger&kind=fee'), /^400 parameters_exclusive kind:/)
  assert.match(await refuse('format=csv&granularity=day'), /^400 parameters_exclusive granularity:/)
  assert.match(await refuse('format=fec&parameters[siren]=12'), /^400 parameter_invalid_string format: .*siren/)
  assert.match(await refuse('format=csv&columns=seq'), /^400 parameter_unknown columns:/)
})

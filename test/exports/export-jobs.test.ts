import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { openStorage } from '#exports/storage-service.ts'
import { AppError } from '#kernel/errors.ts'
import { inTransaction } from '#platform/database.ts'
import { until } from '../support/until.ts'
import { asked, bytesOf, createAndRun, createExportKit, digestOf, download, scopeOf } from './export-kit.ts'

const kit = await createExportKit()
const merchant = await kit.newMerchant()
await kit.book(merchant, 250)
const service = kit.service({ partSeqs: 60 })
const whole = async (request: Record<string, unknown> = {}): Promise<Buffer> =>
  bytesOf((await service.stream(merchant, asked(request))).chunks)

test('is made in parts whose bytes together are the file, and says all of it in its manifest', async () => {
  const { id, view } = await createAndRun(service, merchant)
  assert.equal(view.status, 'succeeded')
  assert.deepEqual(view.progress, { parts_done: 5, parts_total: 5, rows_done: 500, rows_total: 500 })
  const file = await download(service, merchant, id)
  assert.ok(file.equals(await whole()), 'as the stream has it')
  assert.equal(view.sha256, digestOf(file))
  assert.equal(view.bytes, file.length)
  const manifest = await service.manifest(merchant, id)
  assert.deepEqual(
    [manifest.rows, manifest.from_seq, manifest.as_of_seq, manifest.chain_head.seq, manifest.parts.length],
    [500, 0, 250, 250, 5],
  )
  let at = 0
  for (const part of manifest.parts) {
    assert.equal(part.sha256, digestOf(file.subarray(at, at + part.bytes)))
    at += part.bytes
  }
  assert.equal(at, file.length)
  const total = String((250n * 251n) / 2n)
  assert.deepEqual(manifest.totals, [{ currency: 'eur', debit: total, credit: total }])
  assert.deepEqual(
    manifest.trial_balance.map(({ account, balance }) => [account, balance]),
    [
      ['1110', total],
      ['4010', `-${total}`],
    ],
  )
})

test('sha256sum -c accepts the file', async () => {
  const { id, view } = await createAndRun(service, merchant, { compression: 'gzip' })
  const folder = await mkdtemp(join(tmpdir(), 'parley-sums-'))
  try {
    const sums = await bytesOf((await service.sums(merchant, id)).chunks)
    await writeFile(join(folder, view.file_name ?? ''), await download(service, merchant, id))
    await writeFile(join(folder, 'SHA256SUMS'), sums)
    const { status, stdout } = spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder })
    assert.equal(status, 0)
    assert.equal(stdout.toString(), 'journal-1-250.csv.gz: OK\n')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the same request over the same seals gives the same bytes, whatever was booked since', async () => {
  const before = await createAndRun(service, merchant, { as_of_seq: 240 })
  await kit.book(merchant, 3)
  const after = await createAndRun(service, merchant, { as_of_seq: 240 })
  assert.equal(after.view.sha256, before.view.sha256)
  const later = await createAndRun(service, merchant, { from_seq: 240 })
  assert.equal(later.view.as_of_seq, 253)
  const lines = (bytes: Buffer) => bytes.toString().split('\r\n').slice(1, -1)
  assert.deepEqual(
    [...lines(await download(service, merchant, before.id)), ...lines(await download(service, merchant, later.id))],
    lines(await whole()),
  )
})

test('compressed parts put together are one stream', async () => {
  const plain = await whole({ as_of_seq: 250 })
  const gzip = await createAndRun(service, merchant, { as_of_seq: 250, compression: 'gzip' })
  assert.ok(gunzipSync(await download(service, merchant, gzip.id)).equals(plain))
  const zstd = await createAndRun(service, merchant, { as_of_seq: 250, compression: 'zstd' })
  const file = await download(service, merchant, zstd.id)
  let at = 0
  // Frame by frame: Node's own one-shot function stops after the first.
  const frames = (await service.manifest(merchant, zstd.id)).parts.map(({ bytes }) => {
    at += bytes
    return zstdDecompressSync(file.subarray(at - bytes, at))
  })
  assert.ok(Buffer.concat(frames).equals(plain))
})

test('an export of nothing is a file with its head', async () => {
  const { id, view } = await createAndRun(service, await kit.newMerchant()).catch(assert.fail)
  assert.deepEqual([view.status, view.as_of_seq, view.progress.rows_done], ['succeeded', 0, 0])
  const [owner] = await kit.db.maintenance
    .selectFrom('exports')
    .select('merchant_id')
    .orderBy('id', 'desc')
    .limit(1)
    .execute()
  const file = await download(service, owner?.merchant_id ?? '', id)
  assert.match(file.toString(), /^seq,journal_id,[^\r\n]*\r\n$/)
})

test('run by many workers at once it is made once', async () => {
  const scope = scopeOf(merchant)
  const { id } = await service.create(scope, asked())
  const others = Array.from({ length: 6 }, () => kit.service({ partSeqs: 60 }))
  await Promise.all(others.map((one) => one.run(merchant, scope.resourceId)))
  const view = await service.retrieve(merchant, id)
  assert.equal(view.status, 'succeeded')
  assert.ok((await download(service, merchant, id)).equals(await whole()))
  const events = await inTransaction(kit.db, merchant, (tx) =>
    tx.selectFrom('events').select('type').where('object_id', '=', scope.resourceId).execute(),
  )
  assert.deepEqual(events, [{ type: 'export.ready' }])
})

test('a worker that is overtaken changes nothing any more', async () => {
  const files = openStorage({ kind: 'folder', path: kit.folder })
  const scope = scopeOf(merchant)
  let overtake = true
  const slow = kit.service({
    partSeqs: 60,
    files: {
      ...files,
      put: async (key, number, chunks) => {
        await files.put(key, number, chunks)
        if (number !== 2 || !overtake) return
        overtake = false
        kit.clock.advance(61_000)
        await service.run(merchant, scope.resourceId)
      },
    },
  })
  const { id } = await slow.create(scope, asked())
  await slow.run(merchant, scope.resourceId)
  const row = await inTransaction(kit.db, merchant, (tx) =>
    tx.selectFrom('exports').selectAll().where('id', '=', scope.resourceId).executeTakeFirstOrThrow(),
  )
  assert.deepEqual([row.status, row.attempts, row.error_code], ['succeeded', 2, null])
  assert.ok((await download(service, merchant, id)).equals(await whole()))
})

describe('a full disk', () => {
  const files = openStorage({ kind: 'folder', path: kit.folder })
  let isFull = true
  const full = kit.service({
    partSeqs: 60,
    files: {
      ...files,
      put: (key, number, chunks) => files.put(key, number, isFull && number === 3 ? failing(chunks) : chunks),
    },
  })
  async function* failing(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk.subarray(0, chunk.length / 2)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
  }

  test('stops it with the reason, and it resumes where it was', async () => {
    isFull = true
    const { id, uuid, view } = await createAndRun(full, merchant)
    assert.deepEqual([view.status, view.error?.code, view.progress.parts_done], ['running', 'export_storage_full', 2])
    assert.ok((view.next_attempt_at ?? 0) > 0)
    assert.deepEqual((await readdir(join(kit.folder, merchant, uuid))).sort(), ['1', '2'], 'nothing half-written')
    await assert.rejects(
      full.download(merchant, id, () => undefined),
      isCode('export_not_ready'),
    )
    isFull = false
    kit.wakes.length = 0
    await full.sweep()
    assert.deepEqual(
      kit.wakes.filter((wake) => wake.id === uuid),
      [],
      'not before its time',
    )
    kit.clock.advance(6000)
    await full.sweep()
    assert.deepEqual(
      kit.wakes.filter((wake) => wake.id === uuid),
      [{ name: 'export.run', id: uuid }],
    )
    await full.run(merchant, uuid)
    const after = await full.retrieve(merchant, id)
    assert.deepEqual([after.status, after.error], ['succeeded', null])
    assert.ok((await download(service, merchant, id)).equals(await whole()))
  })

  test('that stays full fails it in the end, and what was made goes', async () => {
    isFull = true
    const { id, uuid } = await createAndRun(full, merchant)
    for (let turn = 2; turn <= 12; turn++) {
      kit.clock.advance(600_000)
      await full.run(merchant, uuid)
    }
    const { status, error } = await full.retrieve(merchant, id)
    assert.deepEqual([status, error?.code], ['failed', 'export_storage_full'])
    await full.expire()
    assert.ok(!(await readdir(join(kit.folder, merchant))).includes(uuid))
  })
})

test('what a format refuses half-way fails at once, with its reason', async () => {
  const files = openStorage({ kind: 'folder', path: kit.folder })
  const message = 'A DATEV batch takes at most 99999 rows. Export fewer days at a time.'
  const put = () => Promise.reject(new AppError('export_too_large', { message }))
  const { view } = await createAndRun(kit.service({ partSeqs: 100, files: { ...files, put } }), merchant)
  assert.deepEqual([view.status, view.error], ['failed', { code: 'export_too_large', message }])
})

test('a part that was changed on the disk is found and made again', async () => {
  const files = openStorage({ kind: 'folder', path: kit.folder })
  const scope = scopeOf(merchant)
  const careless = kit.service({
    partSeqs: 100,
    files: {
      ...files,
      put: async (key, number, chunks) => {
        await files.put(key, number, chunks)
        if (number === 2) await writeFile(join(kit.folder, merchant, key.exportId, '1'), 'lost')
      },
    },
  })
  const { id } = await careless.create(scope, asked())
  await careless.run(merchant, scope.resourceId)
  assert.equal((await careless.retrieve(merchant, id)).status, 'running')
  kit.clock.advance(6000)
  await service.run(merchant, scope.resourceId)
  assert.ok((await download(service, merchant, id)).equals(await whole()))
})

test('canceled, it stops before the next part and leaves nothing behind', async () => {
  const files = openStorage({ kind: 'folder', path: kit.folder })
  const scope = scopeOf(merchant)
  let id = ''
  const canceling = kit.service({
    partSeqs: 60,
    files: {
      ...files,
      put: async (key, number, chunks) => {
        await files.put(key, number, chunks)
        assert.ok(number <= 2, 'no part after the cancellation')
        if (number === 2) assert.equal((await service.cancel(merchant, id)).status, 'canceled')
      },
    },
  })
  id = (await canceling.create(scope, asked())).id
  await canceling.run(merchant, scope.resourceId)
  assert.equal((await service.retrieve(merchant, id)).status, 'canceled')
  assert.ok(!(await readdir(join(kit.folder, merchant))).includes(scope.resourceId))
  await assert.rejects(service.cancel(merchant, id), isCode('export_unexpected_state'))
  await canceling.run(merchant, scope.resourceId)
  assert.equal((await service.retrieve(merchant, id)).status, 'canceled', 'a late wake-up changes nothing')
})

test('after seven days its files are deleted and the answer says so', async () => {
  const { id, uuid } = await createAndRun(service, merchant)
  kit.clock.advance(7 * 86_400_000 - 60_000)
  await service.expire()
  assert.equal((await service.retrieve(merchant, id)).status, 'succeeded')
  kit.clock.advance(120_000)
  await service.expire()
  const view = await service.retrieve(merchant, id)
  assert.deepEqual([view.status, view.url, view.expires_at], ['expired', null, null])
  assert.ok(!(await readdir(join(kit.folder, merchant))).includes(uuid))
  await assert.rejects(
    service.download(merchant, id, () => undefined),
    isCode('export_expired'),
  )
})

test('a worker process that is killed half-way costs a part, not a byte', async () => {
  const scope = scopeOf(merchant)
  const { id } = await service.create(scope, asked())
  const program = fileURLToPath(new URL('export-worker-process.ts', import.meta.url))
  const folder = join(kit.folder, merchant, scope.resourceId)
  const child = spawn(
    process.execPath,
    [program, kit.url, kit.folder, merchant, scope.resourceId, kit.clock.now().toISOString()],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  await until('the third part to be under way', async () =>
    (await readdir(folder).catch(() => [])).some((name) => name.startsWith('3.')),
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  const killed = await service.retrieve(merchant, id)
  assert.deepEqual([killed.status, killed.progress.parts_done], ['running', 2])
  await service.run(merchant, scope.resourceId)
  assert.equal((await service.retrieve(merchant, id)).progress.parts_done, 2, 'the dead worker is waited for')
  kit.clock.advance(61_000)
  await service.run(merchant, scope.resourceId)
  const view = await service.retrieve(merchant, id)
  assert.equal(view.status, 'succeeded')
  assert.ok((await download(service, merchant, id)).equals(await whole()))
})

test('a stream does not take what is too large for it, and says what does', async () => {
  const small = kit.service({ streamLines: 100 })
  await assert.rejects(
    small.stream(merchant, asked()),
    (error) => isCode('export_too_large')(error) && /More than 100 lines .*POST \/v1\/exports/.test(String(error)),
  )
  assert.equal((await small.stream(merchant, asked({ as_of_seq: 50 }))).headers?.['Parley-As-Of-Seq'], '50')
  const five = Array.from({ length: 5 }, () => small.stream(merchant, asked({ as_of_seq: 50 })))
  const outcomes = await Promise.allSettled(five)
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    [...Array.from({ length: 4 }, () => 'fulfilled'), 'rejected'],
  )
})

const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { newUuid, showId } from '#kernel/ids.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { postLedger } from '#ledger/repo.ts'
import { inTransaction } from '#platform/database.ts'
import { currencyOf, itemOf } from '../ledger/ledger-database.ts'
import { asked, bytesOf, createAndRun, createExportKit, download } from './export-kit.ts'

const kit = await createExportKit()
const writers = 8
/** `EXPORT_LOAD_SECONDS=20 npm test -- test/exports/increments.test.ts` for a long run. */
const seconds = Number(process.env.EXPORT_LOAD_SECONDS ?? 3)

test(`increments under ${writers} writers are the full export, row for row; paging by id loses rows`, async () => {
  const merchant = await kit.newMerchant()
  const service = kit.service({ partSeqs: 500 })
  const naive = createNaiveReader(merchant)
  const end = performance.now() + seconds * 1000
  const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(merchant, writer, end)))
  let isWriting = true
  const rows: string[] = []
  let seq = 0
  const readIncrement = async (): Promise<void> => {
    const { chunks, headers } = await service.stream(merchant, asked({ from_seq: seq }))
    rows.push(...rowsOf(await bytesOf(chunks)))
    seq = Number(headers?.['Parley-As-Of-Seq'])
  }
  const reading = (async () => {
    while (isWriting) await readIncrement()
  })()
  const paging = (async () => {
    while (isWriting) await naive.read()
  })()
  const committed = (await writing).flat()
  isWriting = false
  await Promise.all([reading, paging])
  await readIncrement()
  await naive.read()

  const { id } = await createAndRun(service, merchant)
  const full = rowsOf(await download(service, merchant, id))
  assert.deepEqual(rows, full)
  assert.deepEqual(
    [...new Set(full.map((row) => row.split(',')[1]))].toSorted(),
    committed.map((one) => showId('ledgerTransaction', one)).toSorted(),
    'all that was committed, nothing that was rolled back',
  )
  assert.ok(naive.seen() < committed.length, `paging by id lost none of ${committed.length}: the test does not bite`)
})

const rowsOf = (bytes: Buffer): string[] => bytes.toString().split('\r\n').slice(1, -1)

/** Books until the end, holding every transaction open for a while and rolling back each tenth; answers ids. */
const write = async (merchant: string, writer: number, end: number): Promise<string[]> => {
  const ids: string[] = []
  for (let n = 0; performance.now() < end; n++) {
    const providerChargeRef = `ch_${writer}_${n}`
    const effectiveAt = new Date('2026-11-02T09:00:00Z')
    const booked = inTransaction(kit.db, merchant, async (tx) => {
      const posting = postCaptured({ providerChargeRef, total: 1000n, currency: currencyOf('eur'), effectiveAt })
      await postLedger(tx, [itemOf(merchant, posting)], new Date())
      const { id } = await tx
        .selectFrom('ledger_transactions')
        .select('id')
        .where('event_key', '=', `${providerChargeRef}:capture`)
        .where('merchant_id', '=', merchant)
        .executeTakeFirstOrThrow()
      await pause(Math.random() * 15)
      if (n % 10 === 9) throw new RolledBack()
      return id
    })
    const id = await booked.catch((error: unknown) => {
      if (error instanceof RolledBack) return undefined
      throw error
    })
    if (id !== undefined) ids.push(id)
  }
  return ids
}

class RolledBack extends Error {}

/** As everybody writes it first: what has a higher id than the highest one seen. */
const createNaiveReader = (merchant: string) => {
  let last = newUuid()
  let seen = 0
  return {
    seen: () => seen,
    read: async (): Promise<void> => {
      const rows = await inTransaction(kit.db, merchant, (tx) =>
        tx.selectFrom('ledger_transactions').select('id').where('id', '>', last).orderBy('id').execute(),
      )
      seen += rows.length
      last = rows.at(-1)?.id ?? last
    },
  }
}

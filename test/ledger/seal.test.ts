import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { newUuid, showId } from '#kernel/ids.ts'
import { checkpointText } from '#ledger/canonical.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { postLedger } from '#ledger/repo.ts'
import { createSealer } from '#ledger/seal-service.ts'
import { createSecrets, isSignedBy } from '#platform/crypto.ts'
import { inTransaction } from '#platform/database.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'
import { movableClock } from '../support/clock.ts'
import { until } from '../support/until.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'

const { db, newMerchant, connect, connectAsSuperuser } = await createTestDatabase()
const secrets = createSecrets('a secret of at least thirty-two characters')
const clock = movableClock()
const metrics = createMetrics()
const newSealer = () => createSealer({ db, clock, logger: createLogger('silent'), metrics, secrets })
const sealer = newSealer()
const eur = currencyOf('eur')
const effectiveAt = new Date('2026-11-22T10:15:42.123Z')
/** Other databases of this server hold the horizon back while they write. */
const patientMs = 20_000

const capture = (ref: string, total = 4200n) =>
  postCaptured({ providerChargeRef: ref, total, currency: eur, effectiveAt })
const book = (merchantId: string, ref: string) => post(db, [itemOf(merchantId, capture(ref))])

interface Chained {
  seq: bigint
  hash: Buffer
  event_key: string
}
const chainOf = async (merchantId: string): Promise<Chained[]> => {
  const { rows } = await sql<Chained>`
    select s.seq, s.hash, t.event_key from ledger_seals s
    join ledger_transactions t on t.merchant_id = s.merchant_id and t.id = s.transaction_id
    where s.merchant_id = ${merchantId} order by s.seq`.execute(db.maintenance)
  return rows
}
const keysOf = async (merchantId: string) => (await chainOf(merchantId)).map((one) => one.event_key)

describe('the sealer', () => {
  test('numbers each merchant without a gap, and anyone can recompute the hashes', async () => {
    const [merchant, other] = [await newMerchant(), await newMerchant()]
    const thread = newUuid()
    const payment = newUuid()
    const legs = [
      { code: '1110', currency: eur, amount: 4200n },
      { code: '4010', currency: eur, amount: -4200n },
    ] as const
    const said = { description: 'Sold é"\u2028', effectiveAt, refs: { provider: 'stripe', object: 'ch_1' } }
    const ties = { threadId: thread, paymentIntentId: payment }
    await post(db, [
      itemOf(merchant, { eventKey: 'ch_1:capture', kind: 'capture', legs, ...said }, ties),
      itemOf(other, capture('ch_1', 700n)),
    ])
    const fee = {
      eventKey: 'txn_1:fee',
      kind: 'fee' as const,
      description: '',
      effectiveAt,
      valueAt: new Date(effectiveAt.getTime() + 1),
    }
    const wallet = { code: '2020', currency: eur, holder: 'u 1' } as const
    await post(db, [itemOf(merchant, { ...fee, legs: [legs[0], { ...wallet, amount: -4200n }] })])
    for (const one of [merchant, other]) assert.equal(await sealer.catchUp(one, patientMs), true)

    const [first, second, ...more] = await chainOf(merchant)
    assert.ok(first && second && more.length === 0)
    assert.deepEqual([first.seq, second.seq], [1n, 2n])
    const { rows } = await sql<{ id: string; created: string }>`
      select id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created
      from ledger_transactions where merchant_id = ${merchant} order by id`.execute(db.maintenance)
    const at = '2026-11-22T10:15:42.123000Z'
    const expected = [
      `["1","${showId('ledgerTransaction', rows[0]?.id ?? '')}","ch_1:capture","capture","Sold é\\"\u2028","${at}",null,` +
        `"${rows[0]?.created}",null,"${showId('paymentIntent', payment)}",null,"${showId('thread', thread)}",null,"eur",` +
        `[["object","ch_1"],["provider","stripe"]],[["1","1110","","eur","4200","4200"],["2","4010","","eur","-4200","-4200"]]]`,
      `["2","${showId('ledgerTransaction', rows[1]?.id ?? '')}","txn_1:fee","fee","","${at}",null,` +
        `"${rows[1]?.created}","2026-11-22T10:15:42.124000Z",null,null,null,null,"eur",[],` +
        `[["1","1110","","eur","4200","4200"],["2","2020","u 1","eur","-4200","-4200"]]]`,
    ]
    let hash = Buffer.alloc(32)
    for (const [index, { hash: stored }] of [first, second].entries()) {
      hash = createHash('sha256')
        .update(hash)
        .update(expected[index] ?? '')
        .digest()
      assert.equal(stored.toString('hex'), hash.toString('hex'))
    }
    assert.deepEqual(
      (await chainOf(other)).map((one) => one.seq),
      [1n],
    )
  })

  test('never numbers past a transaction that is still open, whatever its id', async () => {
    const merchant = await newMerchant()
    await book(merchant, 'ch_0')
    assert.equal(await sealer.catchUp(merchant, patientMs), true)
    const gate = Promise.withResolvers<void>()
    const booked = Promise.withResolvers<void>()
    const slow = inTransaction(db, merchant, async (tx) => {
      await postLedger(tx, [itemOf(merchant, capture('ch_slow'))], new Date())
      booked.resolve()
      await gate.promise
    })
    await booked.promise
    await book(merchant, 'ch_fast')
    assert.equal(await sealer.catchUp(merchant, 60), false)
    assert.deepEqual(await keysOf(merchant), ['ch_0:capture'])
    gate.resolve()
    await slow
    assert.equal(await sealer.catchUp(merchant, patientMs), true)
    assert.deepEqual(await keysOf(merchant), ['ch_0:capture', 'ch_slow:capture', 'ch_fast:capture'])
  })

  test('two at once lose nothing and number nothing twice while eight write', async () => {
    const merchant = await newMerchant()
    await book(merchant, 'ch_first')
    const committed: string[] = ['ch_first:capture']
    const write = async (writer: number): Promise<void> => {
      for (let n = 0; n < 25; n++) {
        const ref = `ch_${writer}_${n}`
        const isKept = (writer + n) % 5 !== 0
        await inTransaction(db, merchant, async (tx) => {
          await postLedger(tx, [itemOf(merchant, capture(ref))], new Date())
          await sleep((writer * n) % 7)
          if (!isKept) throw new Error('changed its mind')
        }).catch((error: Error) => assert.equal(error.message, 'changed its mind'))
        if (isKept) committed.push(`${ref}:capture`)
      }
    }
    const running = [newSealer().start(), newSealer().start()]
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write))
    assert.equal(await sealer.catchUp(merchant, patientMs), true)
    for (const one of running) await one.close()
    const chain = await chainOf(merchant)
    assert.deepEqual(chain.map((one) => one.event_key).sort(), committed.sort())
    assert.deepEqual(
      chain.map((one) => one.seq),
      chain.map((_, index) => BigInt(index + 1)),
    )
  })

  test('killed half-way it leaves nothing, and the next one does it all', async () => {
    const merchant = await newMerchant()
    await book(merchant, 'ch_1')
    const admin = await connect()
    await admin.query('set role parley_owner')
    await admin.query('begin; lock table ledger_rollups in access exclusive mode')
    const killed = assert.rejects(sealer.catchUp(merchant, patientMs))
    const killer = await connect()
    await until('the sealer to wait behind its inserted seals', async () => {
      const { rowCount } = await killer.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
         and wait_event_type = 'Lock' and query like '%ledger_rollups%'`,
      )
      return rowCount === 1
    })
    await killed
    await admin.query('rollback')
    assert.deepEqual(await chainOf(merchant), [])
    assert.equal(await sealer.catchUp(merchant, patientMs), true)
    assert.deepEqual(await keysOf(merchant), ['ch_1:capture'])
  })

  test('after a restore into another system it seals the rest by id, once, and goes on', async (context) => {
    const superuser = await connectAsSuperuser()
    if (!superuser) return context.skip('needs the superuser')
    const merchant = await newMerchant()
    await book(merchant, 'ch_sealed')
    assert.equal(await sealer.catchUp(merchant, patientMs), true)
    for (const ref of ['ch_a', 'ch_b', 'ch_c']) await book(merchant, ref)
    // As a dump brings them along: numbers of the old system, far ahead of this one, in another order than the ids.
    await superuser.query('alter table ledger_transactions disable trigger append_only')
    await superuser.query(
      `update ledger_transactions set xid = (900000000000 - 1000 * array_position(array['ch_c', 'ch_b', 'ch_a', 'ch_sealed'],
         split_part(event_key, ':', 1)))::text::xid8 where merchant_id = $1`,
      [merchant],
    )
    await superuser.query('alter table ledger_transactions enable always trigger append_only')
    assert.equal(await sealer.catchUp(merchant, 50), true, 'numbers ahead of the counter are not waited for')
    await superuser.query(`update ledger_sealer set cluster = 'the old one', last_xid = '899999990000'`)

    assert.equal(await sealer.catchUp(merchant, patientMs), true)
    assert.deepEqual(
      await keysOf(merchant),
      ['ch_sealed', 'ch_a', 'ch_b', 'ch_c'].map((ref) => `${ref}:capture`),
    )
    const { rows } = await superuser.query('select cluster, last_xid::text::bigint as xid from ledger_sealer')
    assert.match(rows[0].cluster, /^\d+$/)
    assert.ok(rows[0].xid < 1_000_000_000)
    await book(merchant, 'ch_new')
    assert.equal(await sealer.catchUp(merchant, patientMs), true)
    assert.equal((await keysOf(merchant)).at(-1), 'ch_new:capture')
    assert.equal((await chainOf(merchant)).length, 5)
  })

  test('runs by itself, says how far behind it is, and stops when told', async () => {
    const merchant = await newMerchant()
    const running = newSealer().start()
    await book(merchant, 'ch_1')
    await until('the seal', async () => (await chainOf(merchant)).length === 1)
    await running.close()
    assert.equal((await metrics.sealLag.get()).values.length, 1)
    await book(merchant, 'ch_2')
    assert.equal((await chainOf(merchant)).length, 1)
  })
})

test('checkpoints are signed, one a minute at most, and only while the chain grows', async () => {
  const merchant = await newMerchant()
  const signing = newSealer()
  const checkpoints = () =>
    db.maintenance
      .selectFrom('ledger_checkpoints')
      .selectAll()
      .where('merchant_id', '=', merchant)
      .orderBy('seq')
      .execute()
  const grow = async (ref: string) => {
    await book(merchant, ref)
    assert.equal(await signing.catchUp(merchant, patientMs), true)
  }
  const signedAt = async () => (await checkpoints()).map((one) => one.seq)
  await grow('ch_1')
  for (let minute = 0; minute < 2; minute++) {
    clock.advance(60_001)
    await signing.seal()
    assert.deepEqual(await signedAt(), [1n])
  }
  await grow('ch_2')
  await grow('ch_3')
  await newSealer().seal()
  assert.deepEqual(await signedAt(), [1n, 2n], 'the minute is not over')
  const [, second] = await checkpoints()
  assert.ok(second)
  const [, head] = await chainOf(merchant)
  const text = checkpointText(showId('merchant', merchant), 2n, head?.hash.toString('hex') ?? '')
  const { publicKey, keyId } = secrets.signer('ledger checkpoints')
  assert.equal(second.key_id, keyId)
  assert.equal(isSignedBy(publicKey, text, second.signature), true)
  assert.equal(isSignedBy(publicKey, text.replace('\n2\n', '\n3\n'), second.signature), false)
  assert.equal(
    isSignedBy(
      createSecrets('another secret of thirty-two characters').signer('ledger checkpoints').publicKey,
      text,
      second.signature,
    ),
    false,
  )
  clock.advance(60_001)
  await signing.seal()
  assert.deepEqual(await signedAt(), [1n, 2n, 3n], 'nothing was booked since, and it is signed all the same')
})

test('nobody changes a seal', async () => {
  const client = await connectAsSuperuser()
  const merchant = await newMerchant()
  await book(merchant, 'ch_1')
  await sealer.catchUp(merchant, patientMs)
  for (const table of ['ledger_seals', 'ledger_checkpoints', 'ledger_marks', 'ledger_mark_points']) {
    for (const one of [client ?? (await connect())]) {
      await assert.rejects(one.query(`update ${table} set seq = seq + 1`), /only grows|permission denied/, table)
      await assert.rejects(one.query(`delete from ${table}`), /only grows|permission denied/, table)
    }
  }
})

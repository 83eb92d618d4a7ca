import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { showId } from '#kernel/ids.ts'
import { postCaptured, postFee } from '#ledger/posting-rules.ts'
import { createSealer } from '#ledger/seal-service.ts'
import { createSecrets } from '#platform/crypto.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'
import { verifyDatabase, verifyFile } from '../../src/main-ledger.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'

const { db, newMerchant, connectAsSuperuser } = await createTestDatabase()
const secrets = createSecrets('a secret of at least thirty-two characters')
const { keyId, publicKey } = secrets.signer('ledger checkpoints')
const keys = new Map([[keyId, publicKey]])
const eur = currencyOf('eur')
const effectiveAt = new Date('2026-11-22T10:15:42Z')
const dir = await mkdtemp(join(tmpdir(), 'parley-verify-'))
after(() => rm(dir, { recursive: true, force: true }))

/** A merchant with four sealed transactions in this order, the last one on a wallet, and a checkpoint. */
const bookSome = async (): Promise<string> => {
  const merchant = await newMerchant()
  const items = [
    postCaptured({ providerChargeRef: 'ch_1', total: 4200n, currency: eur, effectiveAt }),
    postFee({ balanceRef: 'txn_1', amount: 220n, currency: eur, effectiveAt }),
    postCaptured({
      providerChargeRef: 'ch_2',
      total: 700n,
      currency: eur,
      effectiveAt: new Date('2026-10-31T23:59:59Z'),
    }),
    {
      eventKey: 'top_up',
      kind: 'adjustment' as const,
      description: 'Line one\nline two “€”',
      effectiveAt,
      refs: { order: '1001', customer: 'u1' },
      legs: [
        { code: '1110', currency: eur, amount: 500n },
        { code: '2020', currency: eur, amount: -500n, holder: 'u1' },
      ] as const,
    },
  ]
  for (const item of items) await post(db, [itemOf(merchant, item)])
  const sealer = createSealer({
    db,
    clock: { now: () => new Date() },
    logger: createLogger('silent'),
    metrics: createMetrics(),
    secrets,
  })
  assert.equal(await sealer.catchUp(merchant, 20_000), true)
  await sealer.seal()
  return merchant
}

const verify = async (
  merchant: string,
  withKeys = keys,
): Promise<{ line: string; problems: string[]; isGood: boolean }> => {
  const lines: string[] = []
  const problems: string[] = []
  const isGood = await verifyDatabase(db, withKeys, {
    out: (line) => {
      if (line.startsWith(showId('merchant', merchant))) lines.push(line)
    },
    err: (line) => problems.push(line.trim()),
  })
  assert.equal(lines.length, 1)
  return { line: lines[0] ?? '', problems, isGood }
}

const idAt = async (merchant: string, seq: number): Promise<string> => {
  const { rows } = await sql<{ id: string }>`
    select transaction_id as id from ledger_seals where merchant_id = ${merchant} and seq = ${seq}`.execute(
    db.maintenance,
  )
  return showId('ledgerTransaction', rows[0]?.id ?? '')
}

const superuser = await connectAsSuperuser()
/** Runs a statement as one who turns every trigger of the table off, and takes it back with `undo`. */
const force = async (table: string, statement: string, merchant: string): Promise<() => Promise<void>> => {
  assert.ok(superuser)
  const copy = `copy_${Math.random().toString(36).slice(2)}`
  await superuser.query(`create table ${copy} as select * from ${table} where merchant_id = '${merchant}'`)
  const run = async (...statements: string[]) => {
    await superuser.query('begin')
    for (const one of ['ledger_entries', 'ledger_transactions', 'ledger_seals', 'ledger_marks', 'ledger_checkpoints'])
      await superuser.query(`alter table ${one} disable trigger all`)
    for (const one of statements) await superuser.query(one)
    for (const one of ['ledger_entries', 'ledger_transactions', 'ledger_seals', 'ledger_marks', 'ledger_checkpoints'])
      await superuser.query(`alter table ${one} enable trigger all`)
    await superuser.query('commit')
  }
  await run(statement.replace('$merchant', `merchant_id = '${merchant}'`))
  return () =>
    run(`delete from ${table} where merchant_id = '${merchant}'`, `insert into ${table} select * from ${copy}`)
}

describe('what somebody with all rights has changed is found and named', { skip: !superuser }, () => {
  const third = `transaction_id = (select transaction_id from ledger_seals where $merchant and seq = 3)`
  const cases: [what: string, table: string, statement: string, found: (id: string) => string[]][] = [
    [
      'one byte of one entry',
      'ledger_entries',
      `update ledger_entries set amount = amount + 1 where $merchant and line = 1 and ${third}`,
      (id) => [
        `seal 3 does not fit: ${id} or one of its entries was changed`,
        `${id} is unbalanced by 1 eur`,
        `entry 1 of ${id} (1110 eur 701) differs from the sums of 2026-10-31`,
      ],
    ],
    [
      'a description',
      'ledger_transactions',
      `update ledger_transactions set description = 'Captured ch_3' where $merchant and id in (select transaction_id from ledger_seals where seq = 3)`,
      (id) => [`seal 3 does not fit: ${id} or one of its entries was changed`],
    ],
    [
      'a microsecond of when it happened',
      'ledger_transactions',
      `update ledger_transactions set effective_at = effective_at - interval '1 microsecond' where $merchant and id in (select transaction_id from ledger_seals where seq = 3)`,
      (id) => [`seal 3 does not fit: ${id} or one of its entries was changed`],
    ],
    [
      'a seal that is gone',
      'ledger_seals',
      'delete from ledger_seals where $merchant and seq = 2',
      () => ['seal 2 is missing before seal 3'],
    ],
    [
      'entries that are gone',
      'ledger_entries',
      `delete from ledger_entries where $merchant and ${third}`,
      (id) => [`seal 3 does not fit: ${id} or one of its entries was changed`],
    ],
    [
      'a roll-up',
      'ledger_rollups',
      `update ledger_rollups set debit = debit + 5, credit = credit + 5 where $merchant and span = 'month' and starts_on = '2026-10-01' and debit > 0`,
      () => ['the month 2026-10-01 of 1110 eur is not the sum of its entries'],
    ],
    [
      'an hour',
      'ledger_hours',
      `update ledger_hours set debit = debit + 5, credit = credit + 5 where $merchant and starts_at = '2026-10-31T23:00Z' and debit > 0`,
      () => ['the hour 2026-10-31T23 of 1110 eur is not the sum of its entries'],
    ],
    [
      'an hour that is gone',
      'ledger_hours',
      `delete from ledger_hours where $merchant and starts_at = '2026-10-31T23:00Z' and debit > 0`,
      () => ['the hour 2026-10-31T23 of 1110 eur is not the sum of its entries'],
    ],
    [
      'a wallet',
      'ledger_guarded_balances',
      'update ledger_guarded_balances set balance = -501 where $merchant',
      () => ['the guarded balance of 2020 eur of u1 is -501, its entries come to -500'],
    ],
    [
      'a checkpoint',
      'ledger_checkpoints',
      `update ledger_checkpoints set hash = sha256('other') where $merchant`,
      () => ['the chain is not the one of checkpoint 4', 'the signature of checkpoint 4 is wrong'],
    ],
  ]
  for (const [what, table, statement, found] of cases) {
    test(what, async () => {
      const merchant = await bookSome()
      const before = await verify(merchant)
      assert.deepEqual(before.problems, [])
      assert.match(before.line, /ok: 4 transactions, head [0-9a-f]{16}$/)
      const id = await idAt(merchant, 3)
      const undo = await force(table, statement.replaceAll('$merchant', `merchant_id = '${merchant}'`), merchant)
      const { line, problems, isGood } = await verify(merchant)
      assert.equal(isGood, false)
      assert.match(line, /WRONG/)
      for (const one of found(id)) assert.ok(problems.includes(one), `${one}\n—\n${problems.join('\n')}`)
      await undo()
      assert.deepEqual((await verify(merchant)).problems, [])
    })
  }

  test('a chain that was made anew with another key', async () => {
    const merchant = await bookSome()
    const stranger = createSecrets('another secret of thirty-two characters').signer('ledger checkpoints')
    const { problems } = await verify(merchant, new Map([[stranger.keyId, stranger.publicKey]]))
    assert.ok(problems.includes(`checkpoint 4 is signed with the key ${keyId}, which is not known here`))
  })
})

describe('a JSON Lines export alone', () => {
  const write = async (
    merchant: string,
    change: (text: string) => string = (text) => text,
    from = 0,
  ): Promise<string> => {
    const moment = (column: string) =>
      sql`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
    const { rows } = await sql<{ id: string; row: Record<string, unknown> }>`
      select t.id, json_build_object('seq', s.seq, 'event_key', t.event_key, 'kind', t.kind, 'description', t.description,
        'effective_at', ${moment('t.effective_at')}, 'original_effective_at', null, 'posted_at', ${moment('t.created_at')},
        'value_at', null, 'payment_intent_id', null, 'refund_id', null, 'thread_id', null, 'reverses_journal_id', null,
        'base_currency', t.base_currency, 'refs', t.refs, 'line', e.line, 'account_code', a.code, 'holder', a.holder,
        'currency', e.currency, 'amount_minor', e.amount, 'base_amount_minor', e.base_amount,
        'chain_hash', encode(s.hash, 'hex')) as row
      from ledger_seals s join ledger_transactions t on t.merchant_id = s.merchant_id and t.id = s.transaction_id
      join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
      join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
      where s.merchant_id = ${merchant} and s.seq > ${from} order by s.seq, e.line`.execute(db.maintenance)
    const text = rows
      .map(({ id, row }) => `${JSON.stringify({ ...row, journal_id: showId('ledgerTransaction', id) })}\n`)
      .join('')
    const path = join(dir, `${merchant}-${from}.jsonl.gz`)
    await writeFile(path, gzipSync(change(text)))
    return path
  }
  const check = async (path: string, options: { manifest?: string; fromHash?: string } = {}) => {
    const lines: string[] = []
    const problems: string[] = []
    const output = { out: (line: string) => lines.push(line), err: (line: string) => problems.push(line.trim()) }
    const isGood = await verifyFile(path, { manifest: options.manifest, fromHash: options.fromHash }, output)
    return { line: lines.join(), problems, isGood }
  }
  const hashAt = async (merchant: string, seq: number) =>
    (
      await sql<{ hash: string }>`select encode(hash, 'hex') as hash from ledger_seals
        where merchant_id = ${merchant} and seq = ${seq}`.execute(db.maintenance)
    ).rows[0]?.hash ?? ''

  test('is verified without a database, and what was changed in it is named', async () => {
    const merchant = await bookSome()
    const good = await check(await write(merchant))
    assert.deepEqual(good.problems, [])
    assert.match(good.line, new RegExp(`ok: seals 1 to 4, head ${await hashAt(merchant, 4)}$`))
    const [second, fourth] = [await idAt(merchant, 2), await idAt(merchant, 4)]
    const changed = await check(
      await write(merchant, (text) => text.replace('"amount_minor":220,', '"amount_minor":221,')),
    )
    assert.deepEqual(changed.problems, [
      `seal 2 does not fit: ${second} or one of its entries was changed`,
      `${second} is unbalanced by 1 eur`,
    ])
    const cut = await check(await write(merchant, (text) => text.split('\n').slice(0, -2).join('\n')))
    assert.equal(cut.problems[0], `seal 4 does not fit: ${fourth} or one of its entries was changed`)
    const torn = await check(
      await write(merchant, (text) => {
        const at = text.lastIndexOf('line two')
        return `${text.slice(0, at)}line 2${text.slice(at + 8)}`
      }),
    )
    assert.deepEqual(torn.problems, [`line 2 of ${fourth} says other things of it than its first line`])
    await assert.rejects(check(await write(merchant, () => '{"seq":1}\n')), /line 1 is no entry of a JSON Lines export/)
    await assert.rejects(check(join(dir, 'none.jsonl')), /ENOENT/)
  })

  test('that begins later needs the hash before it, and its manifest says where it ends', async () => {
    const merchant = await bookSome()
    const path = await write(merchant, undefined, 2)
    const blind = await check(path)
    assert.equal(blind.isGood, true)
    assert.match(blind.problems[0] ?? '', /^Seal 3 itself is not checked/)
    assert.deepEqual((await check(path, { fromHash: await hashAt(merchant, 2) })).problems, [])
    assert.equal((await check(path, { fromHash: await hashAt(merchant, 1) })).isGood, false)
    const manifest = join(dir, `${merchant}.json`)
    const said = { from_seq: 0, as_of_seq: 4, chain_head: { seq: 4, hash: await hashAt(merchant, 4) } }
    await writeFile(manifest, JSON.stringify(said))
    assert.deepEqual((await check(await write(merchant), { manifest })).problems, [])
    const short = await check(await write(merchant, (text) => text.split('\n').slice(0, 4).join('\n')), { manifest })
    assert.match(short.problems.join(), /the file ends at seal 2 .*, its manifest at 4/)
    assert.match((await check(path, { manifest })).problems.join(), /seals 1 to 2 are missing before seal 3/)
  })
})

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { camt05302, camt05308 } from '#exports/formats/camt.ts'
import { bytesOf, type Journal, journalOf } from './journal-of.ts'
import { november } from './scenario.ts'
import { lacking, runTool } from './tools.ts'

const schemas = '../shared/specs/iso20022'
const noSchema = lacking('xmllint') || (existsSync(schemas) ? false : 'needs the schemas of ISO 20022')

const write = async (journal: Journal, format = camt05308) =>
  (await bytesOf(format.write(journal.context, journal.batches()))).toString()

/** What stands in the file, amounts in minor units, money in positive. */
const readStatements = (xml: string) =>
  [...xml.matchAll(/<Stmt>.*?<\/Stmt>/gs)].map(([statement]) => ({
    account: statement.match(/<Acct><Id><Othr><Id>(.*?)</)?.[1] ?? '',
    balances: Object.fromEntries(
      [...statement.matchAll(/<Cd>(OPBD|CLBD|CLAV)<.*?(<Amt.*?<\/CdtDbtInd>)/g)].map(([, code, amount]) => [
        code,
        amountOf(amount),
      ]),
    ),
    entries: [...statement.matchAll(/<Ntry>.*?<\/Ntry>/gs)].map(([entry]) => ({
      ref: entry.match(/<NtryRef>(.*?)</)?.[1],
      amount: amountOf(entry),
      text: entry.match(/<Ustrd>(.*?)</s)?.[1],
      xml: entry,
    })),
  }))

const amountOf = (xml = '') => {
  const [, digits = '', side] = xml.match(/<Amt Ccy="[A-Z]{3}">([\d.]+)<\/Amt><CdtDbtInd>(CRDT|DBIT)</) ?? []
  assert.match(digits, /\d/)
  return BigInt(digits.replace('.', '')) * (side === 'CRDT' ? 1n : -1n)
}

const statementOf = (xml: string, account: string) => {
  const found = readStatements(xml).find((statement) => statement.account === account)
  assert.ok(found, account)
  return found
}

describe('camt.053', () => {
  for (const [name, skip] of [
    ['the whole month', 0],
    ['the end of the month', 7],
  ] as const) {
    for (const format of [camt05302, camt05308]) {
      test(`${format.name} of ${name} is valid`, { skip: noSchema }, async () => {
        const schema = `${schemas}/${format.name}.xsd`
        const { isGood, said } = runTool(
          'xmllint',
          ['--noout', '--schema', schema, '{file}'],
          await write(journalOf(november, { skip }), format),
        )
        assert.ok(isGood, said)
      })
    }
    test(`opening and entries of ${name} lead to closing`, async () => {
      const journal = journalOf(november, { skip })
      const statements = readStatements(await write(journal))
      for (const { account, balances, entries } of statements) {
        const { OPBD = 0n, CLBD } = balances
        assert.equal(OPBD + entries.reduce((sum, { amount }) => sum + amount, 0n), CLBD, account)
      }
      const balanceSheet = journal.lines.filter(({ account }) => ['asset', 'liability'].includes(account.type))
      assert.equal(statements.flatMap(({ entries }) => entries).length, balanceSheet.length)
    })
  }

  test('a statement is signed as its owner sees it, with the digits of its currency', async () => {
    const xml = await write(journalOf(november))
    const pending = statementOf(xml, '1110-EUR')
    assert.deepEqual(
      pending.entries.map(({ amount }) => amount),
      [12000n, -205n, -3000n, -8795n, 5000n, -6500n],
    )
    assert.deepEqual(pending.balances, { OPBD: 0n, CLBD: -1500n })
    assert.deepEqual(
      statementOf(xml, '2310-EUR').entries.map(({ amount }) => amount),
      [2000n, -500n],
    )
    assert.match(statementOf(xml, '1110-JPY').entries[0]?.xml ?? '', /<Amt Ccy="JPY">12000</)
    const [wallet] = readStatements(xml).filter(({ account }) => account.startsWith('2020-KWD-'))
    assert.equal(wallet?.balances.CLBD, 10000n)
    assert.match(wallet?.entries[0]?.xml ?? '', /<Amt Ccy="KWD">10\.005</)
    assert.deepEqual(statementOf(xml, '1120-EUR').balances, { OPBD: 0n, CLBD: 0n, CLAV: 0n })
    assert.ok(!readStatements(xml).some(({ account }) => /^[34589]/.test(account)))
  })

  test('an entry has its number, days, names and codes', async () => {
    const [entry] = statementOf(await write(journalOf(november)), '1110-EUR').entries
    assert.equal(entry?.ref, '2-1')
    for (const part of [
      '<BookgDt><Dt>2026-11-02</Dt></BookgDt><ValDt><Dt>2026-11-05</Dt></ValDt><AcctSvcrRef>ch_1</AcctSvcrRef>',
      '<Domn><Cd>PMNT</Cd><Fmly><Cd>MCRD</Cd><SubFmlyCd>POSC</SubFmlyCd></Fmly></Domn><Prtry><Cd>capture</Cd>',
      '<EndToEndId>1001</EndToEndId>',
      '<Ustrd>=HYPERLINK("x")&amp;&lt;b&gt; 花束 شكرا 🧧  </Ustrd>',
    ]) {
      assert.ok(entry?.xml.includes(part), `${part} in ${entry?.xml}`)
    }
  })

  test('what was before opens the statement, also of an account without entries', async () => {
    const xml = await write(journalOf(november, { skip: 12, context: { from: '2026-11-11', to: '2026-11-30' } }))
    assert.deepEqual(statementOf(xml, '1150-EUR'), {
      account: '1150-EUR',
      balances: { OPBD: 5000n, CLBD: 5000n },
      entries: [],
    })
    assert.match(xml, /<FrDtTm>2026-11-11T00:00:00Z<\/FrDtTm><ToDtTm>2026-11-30T23:59:59Z</)
  })

  test('the same journal gives the same bytes', async () => {
    const journal = journalOf(november)
    assert.equal(await write(journal), await write(journal))
  })

  test('entries that do not lead to the closing balance are never handed out', async () => {
    const journal = journalOf(november)
    const lines = journal.lines.slice(1).filter(({ account }) => account.code !== '1010')
    const broken = {
      ...journal,
      batches: async function* () {
        yield lines
      },
    }
    await assert.rejects(write(broken), /1010-EUR lead from 0 to 0, but it closes at 8795/)
  })

  test('a ledger without such accounts is refused before anything is written', () => {
    assert.match(camt05308.refuse?.(journalOf([]).context) ?? '', /no asset or liability account/)
    assert.equal(camt05308.refuse?.(journalOf(november).context), undefined)
  })

  test('many entries of many accounts are put aside and found again in order', async () => {
    const [topup] = november.filter(({ posting }) => posting.kind === 'topup')
    assert.ok(topup)
    const postings = Array.from({ length: 3000 }, (_, index) => ({
      posting: {
        ...topup.posting,
        legs: topup.posting.legs.map((leg) => (leg.holder ? { ...leg, holder: `usr_${index % 7}` } : leg)),
      },
    }))
    const xml = await write(journalOf(postings))
    const refs = statementOf(xml, '1110-KWD').entries.map(({ ref }) => ref)
    assert.deepEqual(
      refs,
      postings.map((_, index) => `${index + 1}-1`),
    )
    assert.equal(readStatements(xml).length, 8)
  })
})

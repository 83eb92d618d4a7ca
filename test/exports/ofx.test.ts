import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ofx } from '#exports/formats/ofx.ts'
import { bytesOf, journalOf } from './journal-of.ts'
import { november } from './scenario.ts'
import { lacking, runTool } from './tools.ts'

describe('OFX 2.2', () => {
  test('ofxdump reads every entry and every balance', { skip: lacking('ofxdump') }, async () => {
    const journal = journalOf(november)
    const file = await bytesOf(ofx.write(journal.context, journal.batches()))
    const { isGood, said, stdout: dump } = runTool('ofxdump', ['{file}'], file)
    assert.ok(isGood, said)
    const owned = journal.lines.filter(({ account }) => ['asset', 'liability'].includes(account.type))
    assert.equal([...dump.matchAll(/^ofx_proc_transaction\(\)/gm)].length, owned.length)
    assert.deepEqual(
      [...dump.matchAll(/Financial institution's ID for this transaction: (J\S+)/g)].map(([, id]) => id).sort(),
      owned.map(({ transaction, line }) => `J${transaction.seq}-${line}`).sort(),
    )
    const balances = Object.fromEntries(
      dump
        .split('ofx_proc_statement()')
        .slice(1)
        .map((part) => [part.match(/Account ID\s*: PARLEY +(\S+)/)?.[1], part.match(/Ledger balance: (\S+)/)?.[1]]),
    )
    assert.equal(balances['1110-EUR'], '-15.00')
    assert.equal(balances['1010-EUR'], '87.95')
  })
  test('names each entry once and for all, and fees as fees', async () => {
    const journal = journalOf(november)
    const text = (await bytesOf(ofx.write(journal.context, journal.batches()))).toString()
    assert.match(
      text,
      /^<\?xml version="1.0" encoding="UTF-8" standalone="no"\?>\n<\?OFX OFXHEADER="200" VERSION="220" /,
    )
    assert.match(
      text,
      /<TRNTYPE>FEE<\/TRNTYPE><DTPOSTED>20261103120000\[0:GMT\]<\/DTPOSTED><DTAVAIL>20261103120000\[0:GMT\]<\/DTAVAIL><TRNAMT>-432<\/TRNAMT><FITID>J5-2<\/FITID><REFNUM>txn_2<\/REFNUM>/,
    )
    assert.match(text, /<NAME>=HYPERLINK\("x"\)&amp;&lt;b&gt; 花束 شكرا 🧧/)
  })
})

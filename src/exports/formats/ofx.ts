import type { DocumentFormat } from '#exports/format.ts'
import type { JournalLine } from '#exports/journal.ts'
import { decimalOf } from './decimal.ts'
import { readStatements, refuseNoStatements, type Statement, type Statements } from './statements.ts'
import { referenceOf } from './transaction-names.ts'
import { xmlText } from './xml-text.ts'

/**
 * OFX 2.2 bank statements: a `STMTRS` per account and currency of assets and liabilities, signs as the owner sees
 * them. `FITID` is the entry's place in the journal: readers know by it what they have imported already.
 */
export const ofx: DocumentFormat = {
  shape: 'document',
  name: 'ofx',
  title: 'Bank statements per account (OFX 2.2) for GnuCash, KMyMoney, Xero and the like',
  contentType: 'application/x-ofx',
  extension: 'ofx',
  target: 'ofx',
  needsBalances: true,
  needsWholeTransactions: false,
  refuse: refuseNoStatements,
  async *write(context, lines) {
    const statements = await readStatements(context, lines, showEntry)
    yield '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n' +
      '<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n' +
      `<OFX>\n<SIGNONMSGSRSV1><SONRS>${status}<DTSERVER>${moment(statements.madeAt)}</DTSERVER>` +
      '<LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>\n<BANKMSGSRSV1>\n'
    for (const [index, statement] of statements.list.entries()) {
      yield showStatementHead(statements, statement, index + 1)
      yield* statement.entries()
      yield showStatementTail(statements, statement)
    }
    yield '</BANKMSGSRSV1>\n</OFX>\n'
  },
}

const status = '<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>'

/** 2026-11-30T12:00:00Z → 20261130120000[0:GMT] */
const moment = (time: string): string => `${time.slice(0, 19).replaceAll(/[-:T]/g, '')}[0:GMT]`

/** Noon, so that it is the same day to readers of every time zone between −12 and +11. */
const noonOf = (day: string): string => moment(`${day}T12:00:00`)

const showStatementHead = ({ from, to }: Statements, { account, id }: Statement, number: number): string =>
  `<STMTTRNRS><TRNUID>${number}</TRNUID>${status}<STMTRS><CURDEF>${account.currency.toUpperCase()}</CURDEF>` +
  `<BANKACCTFROM><BANKID>PARLEY</BANKID><ACCTID>${id}</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM>\n` +
  `<BANKTRANLIST><DTSTART>${moment(`${from}T00:00:00`)}</DTSTART><DTEND>${moment(`${to}T23:59:59`)}</DTEND>\n`

const showStatementTail = ({ to }: Statements, { account, closing }: Statement): string =>
  `</BANKTRANLIST><LEDGERBAL><BALAMT>${decimalOf(closing, account.currency)}</BALAMT>` +
  `<DTASOF>${moment(`${to}T23:59:59`)}</DTASOF></LEDGERBAL></STMTRS></STMTTRNRS>\n`

const showEntry = ({ transaction, line, account }: JournalLine, amount: bigint): string => {
  const type = /(^|_)fee(_|$)/.test(transaction.kind) ? 'FEE' : amount > 0n ? 'CREDIT' : 'DEBIT'
  const name = xmlText(transaction.description || transaction.kind, 32)
  return (
    `<STMTTRN><TRNTYPE>${type}</TRNTYPE><DTPOSTED>${noonOf(transaction.effectiveOn)}</DTPOSTED>` +
    `<DTAVAIL>${noonOf(transaction.valueOn ?? transaction.effectiveOn)}</DTAVAIL>` +
    `<TRNAMT>${decimalOf(amount, account.currency)}</TRNAMT><FITID>J${transaction.seq}-${line}</FITID>` +
    `<REFNUM>${xmlText(referenceOf(transaction, 32), 32)}</REFNUM><NAME>${name}</NAME>` +
    `<MEMO>${xmlText(`${transaction.kind}: ${transaction.description}`, 255)}</MEMO></STMTTRN>\n`
  )
}

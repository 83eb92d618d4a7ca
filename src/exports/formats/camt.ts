import type { DocumentFormat, ExportContext } from '#exports/format.ts'
import type { JournalLine } from '#exports/journal.ts'
import { bankTransactionCode } from './camt-codes.ts'
import { decimalOf } from './decimal.ts'
import { readStatements, refuseNoStatements, type Statement, type Statements, type Turnover } from './statements.ts'
import { endToEndId, referenceOf } from './transaction-names.ts'
import { xmlText } from './xml-text.ts'

/** `.08` is what European banks send now, `.02` what older software reads. */
type Version = '02' | '08'

/**
 * ISO 20022 camt.053 (Bank to Customer Statement): a `Stmt` per account and currency of assets and liabilities, signs
 * as the owner sees them. Source: the message's XSD; `Svcr` is optional there, but readers fail without it.
 */
const camt053 = (version: Version): DocumentFormat => ({
  shape: 'document',
  name: `camt.053.001.${version}`,
  title: `Bank statements per account (ISO 20022 camt.053.001.${version})${version === '02' ? ', for older software' : ''}`,
  contentType: 'application/xml',
  extension: 'xml',
  target: 'camt',
  needsBalances: true,
  needsWholeTransactions: false,
  refuse: refuseNoStatements,
  async *write(context, lines) {
    const statements = await readStatements(context, lines, (line, amount) => showEntry(version, line, amount))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.${version}"><BkToCstmrStmt>\n` +
      `<GrpHdr><MsgId>${messageId(context)}</MsgId><CreDtTm>${statements.madeAt}</CreDtTm></GrpHdr>\n`
    for (const statement of statements.list) {
      yield showStatementHead(context, statements, statement)
      yield* statement.entries()
      yield '</Stmt>\n'
    }
    yield '</BkToCstmrStmt></Document>\n'
  },
})

export const camt05308 = camt053('08')
export const camt05302 = camt053('02')

/** At most 35 characters; the head of the chain tells ledgers apart. */
const messageId = ({ headHash, fromSeq, asOfSeq, from, to }: ExportContext): string =>
  [headHash.slice(0, 12) || 'empty', compact(from) ?? fromSeq, compact(to) ?? asOfSeq].join('-').slice(0, 35)

const compact = (day: string | null): string | undefined => day?.replaceAll('-', '')

const showStatementHead = (context: ExportContext, { from, to, madeAt }: Statements, statement: Statement): string => {
  const { account, id, opening, closing } = statement
  const balance = (code: string, amount: bigint, day: string) =>
    `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>${showAmount(amount, account.currency)}<Dt><Dt>${day}</Dt></Dt></Bal>\n`
  return (
    `<Stmt><Id>${id}-${context.asOfSeq}</Id><ElctrncSeqNb>${context.asOfSeq}</ElctrncSeqNb><CreDtTm>${madeAt}</CreDtTm>\n` +
    `<FrToDt><FrDtTm>${from}T00:00:00Z</FrDtTm><ToDtTm>${to}T23:59:59Z</ToDtTm></FrToDt>\n` +
    `<Acct><Id><Othr><Id>${id}</Id></Othr></Id><Ccy>${account.currency.toUpperCase()}</Ccy>` +
    `<Nm>${xmlText(nameOf(context, statement), 70)}</Nm>` +
    `<Svcr><FinInstnId><Othr><Id>PARLEY</Id></Othr></FinInstnId></Svcr></Acct>\n` +
    balance('OPBD', opening, from) +
    balance('CLBD', closing, to) +
    (account.code === '1120' ? balance('CLAV', closing, to) : '') +
    `<TxsSummry>${showTurnover('TtlCdtNtries', statement.credits, account.currency)}` +
    `${showTurnover('TtlDbtNtries', statement.debits, account.currency)}</TxsSummry>\n`
  )
}

const nameOf = (context: ExportContext, { account }: Statement): string => {
  const { name } = context.mapped(account)
  return account.holder === '' ? name : `${name}: ${account.holder}`
}

const showTurnover = (element: string, { count, sum }: Turnover, currency: string): string =>
  `<${element}><NbOfNtries>${count}</NbOfNtries><Sum>${decimalOf(sum, currency)}</Sum></${element}>`

/** Amounts carry no sign in camt. */
const showAmount = (amount: bigint, currency: string): string =>
  `<Amt Ccy="${currency.toUpperCase()}">${decimalOf(amount < 0n ? -amount : amount, currency)}</Amt>` +
  `<CdtDbtInd>${amount < 0n ? 'DBIT' : 'CRDT'}</CdtDbtInd>`

const showEntry = (version: Version, { transaction, line, account }: JournalLine, signed: bigint): string => {
  const amount = showAmount(signed, account.currency)
  const reference = xmlText(referenceOf(transaction, 35), 35)
  const [domain, family, subFamily] = bankTransactionCode(transaction.kind, signed > 0n)
  const text = xmlText(transaction.description, 140)
  return (
    `<Ntry><NtryRef>${transaction.seq}-${line}</NtryRef>${amount}` +
    (transaction.kind === 'reversal' ? '<RvslInd>true</RvslInd>' : '') +
    (version === '02' ? '<Sts>BOOK</Sts>' : '<Sts><Cd>BOOK</Cd></Sts>') +
    `<BookgDt><Dt>${transaction.effectiveOn}</Dt></BookgDt>` +
    `<ValDt><Dt>${transaction.valueOn ?? transaction.effectiveOn}</Dt></ValDt><AcctSvcrRef>${reference}</AcctSvcrRef>` +
    `<BkTxCd><Domn><Cd>${domain}</Cd><Fmly><Cd>${family}</Cd><SubFmlyCd>${subFamily}</SubFmlyCd></Fmly></Domn>` +
    `<Prtry><Cd>${xmlText(transaction.kind, 35)}</Cd><Issr>parley</Issr></Prtry></BkTxCd>` +
    `<NtryDtls><TxDtls><Refs><AcctSvcrRef>${reference}</AcctSvcrRef>` +
    `<EndToEndId>${xmlText(endToEndId(transaction, 35), 35)}</EndToEndId></Refs>${version === '02' ? '' : amount}` +
    (text === '' ? '' : `<RmtInf><Ustrd>${text}</Ustrd></RmtInf>`) +
    '</TxDtls></NtryDtls></Ntry>\n'
  )
}

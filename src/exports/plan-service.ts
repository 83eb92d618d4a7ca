import { type MappingTarget, mappedAccount, mappingTargets, type OwnChart } from '#finance/mapping.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { endOf, startOf } from '#ledger/balance-points.ts'
import { chartOfAccounts } from '#ledger/chart.ts'
import type { Sealer } from '#ledger/seal-service.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { ExportFormat } from './format.ts'
import { findFormat } from './formats.ts'
import { type JournalSource, readBounds } from './journal-service.ts'
import type { ExportRequest } from './schemas.ts'
import { type ExportSpec, type SeqRange, toContext } from './spec.ts'

export interface Plan {
  readonly format: ExportFormat
  readonly spec: ExportSpec
  readonly range: SeqRange
}

/** How long an export waits for what was booked a moment ago, and for a seal that was asked for by number. */
const catchUpMs = 3000
const sealMs = 5000
/** Seals per part, about a quarter of a million lines: a few seconds of work, and what is lost when a worker dies. */
export const partSeqsUsual = 100_000

/**
 * Turns a request into all that the bytes depend on, frozen: the range of seals, the filters as ids and moments, the
 * merchant's names for accounts as they are now. Throws what is wrong with the request, naming the parameter.
 */
export const planExport = async (
  source: JournalSource & { sealer: Pick<Sealer, 'catchUp'> },
  merchantId: string,
  request: ExportRequest,
  partSeqs = partSeqsUsual,
): Promise<Plan> => {
  const format = requireFormat(request)
  await source.sealer.catchUp(merchantId, request.as_of_seq === undefined ? catchUpMs : sealMs)
  const { range, spec } = await inTransaction(source.db, merchantId, async (tx) => {
    const { range, headHash } = await readRange(tx, merchantId, request)
    return { range, spec: await freeze(tx, merchantId, { request, format, headHash, partSeqs }) }
  })
  const bounds = await readBoundsFor(format, source, spec, range)
  const reason = format.refuse?.(toContext(spec, range, bounds))
  if (reason !== undefined)
    throw new AppError('parameter_invalid_string', { message: sentence(reason), param: 'format' })
  return { format, spec, range }
}

const noBounds = { days: null, opening: [], closing: [] }

/** What a format needs to know before the first line. */
export const readBoundsFor = (format: ExportFormat, source: JournalSource, spec: ExportSpec, range: SeqRange) =>
  format.needsBalances ? readBounds(source, spec, range) : noBounds

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const requireFormat = (request: ExportRequest): ExportFormat => {
  const format = findFormat(request.format)
  if (!format) throw new AppError('parameter_invalid_string', { param: 'format' })
  const refuse = (param: string, message: string): AppError => new AppError('parameters_exclusive', { message, param })
  if (format.needsWholeTransactions && request.account !== undefined)
    throw refuse('account', `The format ${format.name} takes whole transactions: leave account out.`)
  for (const param of ['kind', 'thread'] as const) {
    if (format.needsBalances && request[param] !== undefined)
      throw refuse(
        param,
        `The format ${format.name} says what accounts hold, so it takes every event: leave ${param} out.`,
      )
  }
  if (request.granularity === 'day' && format.sumsDays !== true)
    throw refuse('granularity', `The format ${format.name} has a line for every entry: leave granularity out.`)
  return format
}

const readRange = async (
  tx: Tx,
  merchantId: string,
  request: ExportRequest,
): Promise<{ range: SeqRange; headHash: string }> => {
  const seals = tx.selectFrom('ledger_seals').select(['seq', 'hash']).where('merchant_id', '=', merchantId)
  const head = await seals.orderBy('seq', 'desc').limit(1).executeTakeFirst()
  const headSeq = head?.seq ?? 0n
  const asOfSeq = request.as_of_seq === undefined ? headSeq : BigInt(request.as_of_seq)
  if (asOfSeq > headSeq) {
    throw new AppError('ledger_seq_not_sealed', {
      message: `The ledger is sealed up to ${headSeq}. Ask for that as_of_seq or a lower one, or try again in a moment.`,
      param: 'as_of_seq',
    })
  }
  const fromSeq = BigInt(request.from_seq ?? 0)
  if (fromSeq > asOfSeq) {
    throw new AppError('parameter_invalid_integer', {
      message: `from_seq must not be above as_of_seq, which is ${asOfSeq}.`,
      param: 'from_seq',
    })
  }
  const last = asOfSeq === headSeq ? head : await seals.where('seq', '=', asOfSeq).executeTakeFirst()
  return { range: { fromSeq, asOfSeq }, headHash: last?.hash.toString('hex') ?? '' }
}

const freeze = async (
  tx: Tx,
  merchantId: string,
  asked: { request: ExportRequest; format: ExportFormat; headHash: string; partSeqs: number },
): Promise<ExportSpec> => {
  const { request, format, headHash, partSeqs } = asked
  const merchant = await tx
    .selectFrom('merchants')
    .select(['name', 'base_currency'])
    .where('merchant_id', '=', merchantId)
    .executeTakeFirst()
  if (!merchant) throw notFound('merchant', merchantId)
  const { account, thread } = request
  return {
    format: format.name,
    compression: request.compression,
    merchant: { id: merchantId, name: merchant.name },
    baseCurrency: merchant.base_currency,
    headHash,
    filter: {
      ...daysOf(request),
      accountIds: account === undefined ? null : await requireAccounts(tx, merchantId, account),
      exceptIds: request.without_memo ? await readMemoAccounts(tx, merchantId) : null,
      currency: request.currency ?? null,
      kind: request.kind ?? null,
      threadId: thread === undefined ? null : requireUuid('thread', thread, 'thread', 'thread'),
    },
    options: {
      profile: request.profile,
      decimalSeparator: request.decimal_separator,
      withoutMemo: request.without_memo,
      granularity: request.granularity,
      encoding: request.encoding,
      parameters: request.parameters,
    },
    mapping: await readMapping(tx, merchantId, format.target),
    partSeqs,
  }
}

/** Both ends are included, the day or the second that was named: (from, before) are moments, (fromDay, toDay) days. */
const daysOf = ({ from, to }: ExportRequest) => {
  const start = from === undefined ? null : startOf(from)
  const end = to === undefined ? null : endOf(to)
  if (start && end && start >= end)
    throw new AppError('parameter_invalid_string', { message: 'from must not be later than to.', param: 'from' })
  return {
    from: start?.toISOString() ?? null,
    before: end?.toISOString() ?? null,
    fromDay: start?.toISOString().slice(0, 10) ?? null,
    toDay: end && new Date(end.getTime() - 1).toISOString().slice(0, 10),
  }
}

/** The accounts that an id or a code of the chart stands for. */
const requireAccounts = async (tx: Tx, merchantId: string, account: string): Promise<string[]> => {
  const accounts = tx.selectFrom('ledger_accounts').select('id').where('merchant_id', '=', merchantId)
  const rows = await (/^\d{4}$/.test(account)
    ? accounts.where('code', '=', account)
    : accounts.where('id', '=', requireUuid('ledgerAccount', account, 'ledger account', 'account'))
  )
    .orderBy('id')
    .execute()
  if (rows.length === 0) throw notFound('ledger account', account, 'account')
  return rows.map(({ id }) => id)
}

const readMemoAccounts = async (tx: Tx, merchantId: string): Promise<string[]> => {
  const accounts = tx.selectFrom('ledger_accounts').select('id').where('merchant_id', '=', merchantId)
  const rows = await accounts.where('type', '=', 'memo').orderBy('id').execute()
  return rows.map(({ id }) => id)
}

/** What each account of the chart is called in the tool of the format. */
const readMapping = async (tx: Tx, merchantId: string, target: string): Promise<ExportSpec['mapping']> => {
  const rows = await tx
    .selectFrom('ledger_account_mappings')
    .select(['target', 'code', 'own_code', 'own_name'])
    .where('merchant_id', '=', merchantId)
    .where('target', 'in', [target, ''])
    .execute()
  const own: Record<string, Record<string, { code: string; name: string }>> = {}
  for (const row of rows) {
    const chart = own[row.target] ?? {}
    chart[row.code] = { code: row.own_code, name: row.own_name }
    own[row.target] = chart
  }
  const known: MappingTarget = mappingTargets.find((one) => one === target) ?? ''
  return Object.fromEntries(chartOfAccounts.map((one) => [one.code, mappedAccount(known, own as OwnChart, one)]))
}

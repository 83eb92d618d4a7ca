import type { ProviderAnswer } from '#providers/provider.ts'
import type { Statement, StatementCalendar, StatementCalls, StatementLine } from '#providers/statements.ts'
import type { WechatpayAccount } from './account.ts'
import { UnmappedError } from './amounts.ts'
import { readGlobalBill, readTradeBill } from './bill.ts'
import { answerOf, type Reply, type WechatpayClient } from './client.ts'
import { textOf } from './mapping.ts'
import { pathsOf } from './paths.ts'

/** A bill is there at nine or ten in the morning after its day in China, and is kept for three months. */
export const statementCalendar: StatementCalendar = { offsetMinutes: 480, readyAfterHours: 10, daysKept: 89 }

/** Abroad it is kept for 180 days. Source: pay.weixin.qq.com/doc/global/v3/zh/4012354484. */
export const calendarOf = (region: WechatpayAccount['region']): StatementCalendar =>
  region === 'global' ? { ...statementCalendar, daysKept: 179 } : statementCalendar

/** The daily bills, each proved by its SHA-1: at home a signed answer tells it and where the file is, abroad it comes along. */
export const createStatements = (client: WechatpayClient): StatementCalls => ({
  trades: ({ day }) => (client.account.region === 'global' ? readAbroad(client, day) : readAtHome(client, day)),
})

const readAtHome = async (client: WechatpayClient, day: string): Promise<ProviderAnswer<Statement>> => {
  const path = `/v3/bill/tradebill?bill_date=${day}&bill_type=ALL&tar_type=GZIP`
  const reply = await client.send({ method: 'GET', path })
  if (reply.kind !== 'done') return withoutFile(reply)
  const found = answerOf(reply, (body) => {
    if (body.hash_type !== 'SHA1') throw new UnmappedError('hash_type', body.hash_type)
    return { url: textOf(body.download_url, 'download_url'), sha1: textOf(body.hash_value, 'hash_value') }
  })
  if (found.outcome !== 'ok') return found
  const file = await client.download(found.value.url, found.value.sha1)
  return file.ok ? parse(file.text, readTradeBill) : { outcome: 'unknown', reason: file.reason }
}

const readAbroad = async (client: WechatpayClient, day: string): Promise<ProviderAnswer<Statement>> => {
  const reply = await client.fetch(pathsOf(client.account).statement(day))
  return reply.kind === 'file' ? parse(reply.text, readGlobalBill) : withoutFile(reply)
}

const withoutFile = (reply: Exclude<Reply, { kind: 'done' }>): ProviderAnswer<Statement> => {
  if (reply.kind === 'unknown') return { outcome: 'unknown', reason: reply.reason }
  if (reply.code === 'NOSTATEMENTEXIST') return { outcome: 'ok', value: { kind: 'none' } }
  if (reply.code === 'STATEMENTCREATING') return { outcome: 'ok', value: { kind: 'not_ready' } }
  return { outcome: 'unknown', reason: `refused: ${reply.decline.declineCode ?? reply.code}` }
}

const parse = (text: string, read: (text: string) => StatementLine[]): ProviderAnswer<Statement> => {
  try {
    return { outcome: 'ok', value: { kind: 'lines', lines: read(text) } }
  } catch (error) {
    if (error instanceof UnmappedError) return { outcome: 'unknown', reason: error.message }
    throw error
  }
}

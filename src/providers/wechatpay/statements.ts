import type { ProviderAnswer } from '#providers/provider.ts'
import type { Statement, StatementCalendar, StatementCalls } from '#providers/statements.ts'
import { UnmappedError } from './amounts.ts'
import { readFundFlowBill, readTradeBill } from './bill.ts'
import { answerOf, type WechatpayClient } from './client.ts'
import { textOf } from './mapping.ts'

/** A bill is there at nine or ten in the morning after its day in China, and is kept for three months. */
export const statementCalendar: StatementCalendar = { offsetMinutes: 480, readyAfterHours: 10, daysKept: 89 }

/** The daily bills: a signed answer says where the file is and what its hash must be; the file itself is not signed. */
export const createStatements = (client: WechatpayClient): StatementCalls => ({
  trades: ({ day }) => read(client, `/v3/bill/tradebill?bill_date=${day}&bill_type=ALL&tar_type=GZIP`, readTradeBill),
  fundFlow: ({ day }) =>
    read(client, `/v3/bill/fundflowbill?bill_date=${day}&account_type=BASIC&tar_type=GZIP`, readFundFlowBill),
})

const read = async <Line>(
  client: WechatpayClient,
  path: string,
  parse: (text: string) => Line[],
): Promise<ProviderAnswer<Statement<Line>>> => {
  const reply = await client.send({ method: 'GET', path })
  if (reply.kind === 'error' && reply.code === 'NOSTATEMENTEXIST') return { outcome: 'ok', value: { kind: 'none' } }
  if (reply.kind === 'error' && reply.code === 'STATEMENTCREATING')
    return { outcome: 'ok', value: { kind: 'not_ready' } }
  const found = answerOf(reply, (body) => {
    if (body.hash_type !== 'SHA1') throw new UnmappedError('hash_type', body.hash_type)
    return { url: textOf(body.download_url, 'download_url'), sha1: textOf(body.hash_value, 'hash_value') }
  })
  if (found.outcome === 'unknown') return found
  if (found.outcome === 'refused') return { outcome: 'unknown', reason: `refused: ${found.decline.declineCode}` }
  const file = await client.download(found.value.url, found.value.sha1)
  if (!file.ok) return { outcome: 'unknown', reason: file.reason }
  try {
    return { outcome: 'ok', value: { kind: 'lines', lines: parse(file.text) } }
  } catch (error) {
    if (error instanceof UnmappedError) return { outcome: 'unknown', reason: error.message }
    throw error
  }
}

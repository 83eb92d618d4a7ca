import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import { type Bill, readBill, readFundFlowBill, readGlobalBill, readTradeBill } from '../bills/read-bills.ts'
import { text } from '../http/params.ts'
import { type Reply, type Route, reply, route } from '../http/route.ts'
import type { Work } from '../store/work.ts'
import { checkParties } from './global-orders.ts'

const tarType = z.literal('GZIP').optional()
const tradeQuery = z.strictObject({
  bill_date: text(10),
  bill_type: z.enum(['ALL', 'SUCCESS', 'REFUND']).default('ALL'),
  tar_type: tarType,
})
const flowQuery = z.strictObject({
  bill_date: text(10),
  account_type: z.enum(['BASIC', 'OPERATION', 'FEES']).default('BASIC'),
  tar_type: tarType,
})
const statementQuery = z.strictObject({
  date: z.string().regex(/^\d{8}$/),
  mchid: text(32).optional(),
  sp_mchid: text(32).optional(),
  sub_mchid: text(32).optional(),
})
const fileQuery = z.strictObject({ token: text(128), tartype: z.literal('gzip').optional() })

export const billRoutes: Route[] = [
  route('GET', '/v3/bill/tradebill', { query: tradeQuery }, async ({ work, merchant, query }) => {
    const bill = await readTradeBill(work, merchant, query.bill_date, query.bill_type)
    return reply(addressOf(work, bill, query.tar_type))
  }),
  route('GET', '/v3/bill/fundflowbill', { query: flowQuery }, async ({ work, merchant, query }) => {
    const bill = await readFundFlowBill(work, merchant, query.bill_date, query.account_type)
    return reply(addressOf(work, bill, query.tar_type))
  }),
  route('GET', '/v3/billdownload/file', { query: fileQuery }, async ({ work, merchant, query }) => {
    const { content } = await readBill(work, merchant, query.token)
    return file(query.tartype === 'gzip' ? gzipSync(content) : content, {})
  }),
  route('GET', '/v3/global/statements', { query: statementQuery }, async ({ work, merchant, query }) => {
    checkParties(merchant, query)
    const date = query.date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')
    const { content, sha1 } = await readGlobalBill(work, merchant, date)
    // Not the file is signed but its hash, in this one form (wechatpay-php, StatementsTest.php).
    return { ...file(content, { 'wechatpay-statement-sha1': sha1 }), signedAs: `{"sha1":"${sha1}"}` }
  }),
]

function addressOf({ sandbox }: Work, { token, sha1 }: Bill, tar: 'GZIP' | undefined): object {
  const url = `${sandbox.settings.publicUrl}/v3/billdownload/file?token=${token}${tar ? '&tartype=gzip' : ''}`
  return { hash_type: 'SHA1', hash_value: sha1, download_url: url }
}

function file(content: Buffer, headers: Record<string, string>): Extract<Reply, { file: Buffer }> {
  return { status: 200, file: content, headers: { 'content-type': 'text/plain', ...headers } }
}

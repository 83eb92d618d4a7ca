import { createHash } from 'node:crypto'
import { ApiError } from '../http/api-error.ts'
import { chinaDay, DAY_MS } from '../rules/times.ts'
import type { Flow, Order, Refund } from '../store/documents.ts'
import type { Merchant } from '../store/merchants.ts'
import type { Work } from '../store/work.ts'
import { type BookedFlow, fundFlowBill } from './fund-flow-bill.ts'
import { globalBill } from './global-bill.ts'
import { type BillType, type Trade, tradeBill } from './trade-bill.ts'

export type Bill = { token: string; content: Buffer; sha1: string }

const READY_MS = 10 * 3_600_000
const KEPT_DAYS = { home: 92, abroad: 180 } as const

export async function readTradeBill(work: Work, merchant: Merchant, date: string, type: BillType): Promise<Bill> {
  const fromMs = readyDay(work, date)
  return keepOnce(work, merchant, `trade:${date}:${type}`, async () => {
    const trades = await readTrades(work, merchant.mchid, fromMs)
    return tradeBill(
      trades.filter(({ order }) => !order.isGlobal),
      type,
    )
  })
}

export async function readGlobalBill(work: Work, merchant: Merchant, date: string): Promise<Bill> {
  const fromMs = readyDay(work, date, KEPT_DAYS.abroad)
  return keepOnce(work, merchant, `global:${date}`, async () => {
    const trades = await readTrades(work, merchant.mchid, fromMs)
    return globalBill(trades.filter(({ order }) => order.isGlobal))
  })
}

/** All money moves in the basic account; the others stay empty. */
export async function readFundFlowBill(work: Work, merchant: Merchant, date: string, account: string): Promise<Bill> {
  const fromMs = readyDay(work, date)
  return keepOnce(work, merchant, `flow:${date}:${account}`, async () => {
    if (account !== 'BASIC') return null
    const flows = await readFlows(work, merchant.mchid, fromMs, fromMs + DAY_MS)
    const earlier = await readFlows(work, merchant.mchid, 0, fromMs)
    const before = earlier.reduce((sum, { flow }) => sum + flow.amount, merchant.openingBalance)
    return fundFlowBill(merchant.mchid, flows, before)
  })
}

export async function readBill(work: Work, merchant: Merchant, token: string): Promise<Bill> {
  const [row] = await work.query<{ content: string }>(
    'select content from sandbox_wechatpay.bill where token = $1 and mchid = $2',
    [token, merchant.mchid],
  )
  if (!row) throw new ApiError('NO_STATEMENT_EXIST', '账单文件不存在')
  return billOf(token, row.content)
}

/** The first request makes the bill; whoever asks again gets the same bytes, whatever happened since. */
async function keepOnce(
  work: Work,
  merchant: Merchant,
  name: string,
  make: () => Promise<string | null>,
): Promise<Bill> {
  const token = createHash('sha256')
    .update(`${work.sandbox.settings.seed}:${merchant.mchid}:${name}`)
    .digest('base64url')
  await work.lock(`bill:${token}`)
  const [known] = await work.query<{ content: string }>('select content from sandbox_wechatpay.bill where token = $1', [
    token,
  ])
  if (known) return billOf(token, known.content)
  const content = await make()
  if (content === null)
    throw new ApiError('NO_STATEMENT_EXIST', '账单不存在，请检查当前商户号在指定日期内是否有成功的交易')
  await work.query('insert into sandbox_wechatpay.bill values ($1, $2, $3)', [token, merchant.mchid, content])
  return billOf(token, content)
}

function billOf(token: string, text: string): Bill {
  const content = Buffer.from(text)
  return { token, content, sha1: createHash('sha1').update(content).digest('hex') }
}

/** The day's first moment, once its bill can be had: from ten in the morning of the next day, for some months. */
function readyDay({ nowMs }: Work, date: string, keptDays: number = KEPT_DAYS.home): number {
  const fromMs = chinaDay(date)
  if (fromMs === null) throw new ApiError('PARAM_ERROR', 'bill_date格式错误，应为yyyy-MM-DD')
  if (fromMs + keptDays * DAY_MS < nowMs) throw new ApiError('INVALID_REQUEST', `仅支持${keptDays}天内的账单下载申请`)
  if (nowMs < fromMs + DAY_MS + READY_MS)
    throw new ApiError('STATEMENT_CREATING', '账单正在生成中，请在次日上午10点以后获取')
  return fromMs
}

async function readTrades(work: Work, mchid: string, fromMs: number): Promise<Trade[]> {
  const day = [mchid, fromMs, fromMs + DAY_MS]
  const paid = await work.query<{ doc: Order }>(
    `select doc from sandbox_wechatpay.object
     where kind = 'order' and mchid = $1 and (doc->'paid'->>'atMs')::bigint >= $2 and (doc->'paid'->>'atMs')::bigint < $3`,
    day,
  )
  const refunds = await work.query<{ refund: Refund; doc: Order }>(
    `select r.doc as refund, o.doc
     from sandbox_wechatpay.object r join sandbox_wechatpay.object o on o.kind = 'order' and o.id = r.parent
     where r.kind = 'refund' and r.mchid = $1 and r.at_ms >= $2 and r.at_ms < $3 and r.doc->>'status' <> 'CLOSED' order by r.seq`,
    day,
  )
  const trades = [
    ...paid.map(({ doc }) => ({ atMs: doc.paid?.atMs ?? 0, order: doc, refund: null })),
    ...refunds.map(({ doc, refund }) => ({ atMs: refund.createdMs, order: doc, refund })),
  ]
  return trades.sort((a, b) => a.atMs - b.atMs)
}

async function readFlows(work: Work, mchid: string, fromMs: number, toMs: number): Promise<BookedFlow[]> {
  const rows = await work.query<{ id: string; atMs: number; flow: Flow }>(
    `select id, at_ms::float8 as "atMs", doc as flow from sandbox_wechatpay.object
     where kind = 'flow' and mchid = $1 and at_ms >= $2 and at_ms < $3 order by at_ms, seq`,
    [mchid, fromMs, toMs],
  )
  return rows
}

import { ApiError } from '../http/api-error.ts'
import type { Flow } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

/** One movement of a merchant's account. Its balance is what it began with and the sum of these. */
export function move(work: Work, mchid: string, flow: Flow): void {
  work.put('flow', work.id('flow'), mchid, flow, { parent: flow.businessNo })
}

/** @throws NOT_ENOUGH. Holds the account until the end of the work, so that two refunds cannot spend the same money. */
export async function takeFrom(work: Work, mchid: string, flow: Flow): Promise<void> {
  await work.lock(`account:${mchid}`)
  if ((await balanceOf(work, mchid)) + flow.amount < 0) {
    throw new ApiError('NOT_ENOUGH', '基本账户余额不足，请充值后重新发起')
  }
  move(work, mchid, flow)
}

export async function balanceOf(work: Work, mchid: string): Promise<number> {
  const [row] = await work.query<{ sum: number }>(
    `select coalesce(sum((doc->>'amount')::bigint), 0)::float8 as sum from sandbox_wechatpay.object where kind = 'flow' and mchid = $1`,
    [mchid],
  )
  return (work.sandbox.merchants.find(mchid)?.openingBalance ?? 0) + (row?.sum ?? 0)
}

import { summaryNumber, yuan } from '../rules/amounts.ts'
import { chinaText } from '../rules/times.ts'
import type { Flow } from '../store/documents.ts'
import { billText } from './bill-text.ts'

const COLUMNS =
  '记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号'
const SUMS = '资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额'

export type BookedFlow = { id: string; atMs: number; flow: Flow }

/** Every movement of the account, with what was in it afterwards. Null when nothing moved. */
export function fundFlowBill(mchid: string, flows: BookedFlow[], balanceBefore: number): string | null {
  if (flows.length === 0) return null
  let balance = balanceBefore
  const rows = flows.map(({ id, atMs, flow }) => {
    balance += flow.amount
    return [
      chinaText(atMs),
      flow.businessNo,
      id,
      flow.name,
      flow.type,
      flow.amount < 0 ? '支出' : '收入',
      yuan(Math.abs(flow.amount)),
      yuan(balance),
      flow.type === '交易' || flow.type === '扣除交易手续费' ? 'system' : `${mchid}API`,
      flow.memo,
      flow.voucher,
    ]
  })
  const sums = [isIncome, (found: BookedFlow) => !isIncome(found)].flatMap((isMeant) => {
    const meant = flows.filter(isMeant)
    const amount = meant.reduce((sum, { flow }) => sum + Math.abs(flow.amount), 0)
    return [`${meant.length}.0`, summaryNumber(amount)]
  })
  return billText(COLUMNS.split(','), rows, SUMS.split(','), [`${flows.length}.0`, ...sums])
}

const isIncome = ({ flow }: BookedFlow) => flow.amount >= 0

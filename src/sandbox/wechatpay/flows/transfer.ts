import { ApiError } from '../http/api-error.ts'
import { chinaTime } from '../rules/times.ts'
import type { Row, Transfer } from '../store/documents.ts'
import type { Merchant } from '../store/merchants.ts'
import type { Work } from '../store/work.ts'
import { move, takeFrom } from './funds.ts'

type TransferRequest = Pick<
  Transfer,
  'outBillNo' | 'appid' | 'openid' | 'userName' | 'sceneId' | 'amount' | 'remark' | 'notifyUrl' | 'fingerprint'
>

const UNCONFIRMED_MS = 86_400_000
const CANCEL_MS = 2000

/** Money for a user, who must still accept it. The same number again gives the same transfer. */
export async function createTransfer(
  work: Work,
  merchant: Merchant,
  request: TransferRequest,
): Promise<Row<'transfer'>> {
  const id = transferId(merchant.mchid, request.outBillNo)
  await work.lock(id)
  const known = await work.find('transfer', id)
  if (known) {
    if (known.doc.fingerprint === request.fingerprint) return known
    throw new ApiError('INVALID_REQUEST', '商户单号重复且请求参数与首次请求不一致')
  }
  const transferBillNo = work.id('transfer')
  const doc: Transfer = {
    ...request,
    transferBillNo,
    packageInfo: work.id('package'),
    state: 'WAIT_USER_CONFIRM',
    failReason: null,
    createdMs: work.nowMs,
    updatedMs: work.nowMs,
  }
  await takeFrom(work, merchant.mchid, flowOf(doc, -doc.amount, '转账'))
  work.effect(merchant.mchid, request.outBillNo, 'transfer.created')
  work.schedule('transfer.expire', id, work.nowMs + UNCONFIRMED_MS)
  return work.put('transfer', id, merchant.mchid, doc, { wxid: transferBillNo })
}

/** The end of a transfer. Only SUCCESS keeps the merchant's money. */
export function finishTransfer(
  work: Work,
  row: Row<'transfer'>,
  state: 'SUCCESS' | 'FAIL' | 'CANCELLED',
  failReason: string | null = null,
): void {
  const { doc } = row
  if (isFinal(doc)) throw new ApiError('INVALID_REQUEST', `转账单状态为${doc.state}`)
  Object.assign(doc, { state, failReason, updatedMs: work.nowMs })
  work.changed(row)
  if (state !== 'SUCCESS') move(work, row.mchid, flowOf(doc, doc.amount, '转账退回'))
  work.effect(row.mchid, doc.outBillNo, `transfer.${state.toLowerCase()}`)
  work.notify({
    mchid: row.mchid,
    type: 'MCHTRANSFER.BILL.FINISHED',
    subject: doc.outBillNo,
    url: doc.notifyUrl,
    resource: {
      out_bill_no: doc.outBillNo,
      transfer_bill_no: doc.transferBillNo,
      state,
      mch_id: row.mchid,
      transfer_amount: doc.amount,
      openid: doc.openid,
      ...(failReason === null ? {} : { fail_reason: failReason }),
      create_time: chinaTime(doc.createdMs),
      update_time: chinaTime(doc.updatedMs),
    },
  })
}

/** Accepted at once, done a little later; only while the user has not confirmed. */
export function cancelTransfer(work: Work, row: Row<'transfer'>): void {
  const { doc } = row
  if (doc.state === 'CANCELING' || doc.state === 'CANCELLED') return
  if (doc.state !== 'WAIT_USER_CONFIRM') throw new ApiError('INVALID_REQUEST', '转账单当前状态不能撤销')
  doc.state = 'CANCELING'
  doc.updatedMs = work.nowMs
  work.changed(row)
  work.schedule('transfer.cancel', row.id, work.nowMs + CANCEL_MS)
}

export async function endCancel(work: Work, id: string): Promise<void> {
  await work.lock(id)
  const row = await work.find('transfer', id)
  if (row?.doc.state === 'CANCELING') finishTransfer(work, row, 'CANCELLED')
}

export async function expireTransfer(work: Work, id: string): Promise<void> {
  await work.lock(id)
  const row = await work.find('transfer', id)
  if (row && !isFinal(row.doc)) finishTransfer(work, row, 'FAIL', 'OVERDUE_CLOSE')
}

export function transferView({ mchid, doc }: Row<'transfer'>): object {
  return {
    mch_id: mchid,
    out_bill_no: doc.outBillNo,
    transfer_bill_no: doc.transferBillNo,
    appid: doc.appid,
    state: doc.state,
    transfer_amount: doc.amount,
    transfer_remark: doc.remark,
    ...(doc.failReason === null ? {} : { fail_reason: doc.failReason }),
    openid: doc.openid,
    create_time: chinaTime(doc.createdMs),
    update_time: chinaTime(doc.updatedMs),
  }
}

export const transferId = (mchid: string, outBillNo: string): string => `transfer:${mchid}:${outBillNo}`

const isFinal = ({ state }: Transfer) => state === 'SUCCESS' || state === 'FAIL' || state === 'CANCELLED'
const flowOf = (doc: Transfer, amount: number, type: string) => ({
  businessNo: doc.transferBillNo,
  name: '商家转账',
  type,
  amount,
  memo: doc.remark,
  voucher: doc.outBillNo,
})

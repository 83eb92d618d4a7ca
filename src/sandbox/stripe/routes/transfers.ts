import { returnFee, reverseTransfer } from '../flows/transfer.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import { flag, ignored, integer, metadata, text } from '../http/params.ts'
import { type Route, route } from '../http/route.ts'

const BASE = '/v1/transfers'
const FEES = '/v1/application_fees'

/** Transfers come of destination charges alone here; they can be looked at and taken back. */
export const transferRoutes: Route[] = [
  route(
    'GET',
    BASE,
    { ...pagination, created: created(), destination: text(), transfer_group: text() },
    (work, params) =>
      listObjects(work, 'transfer', BASE, params, {
        doc: { destination: params.destination, transfer_group: params.transfer_group },
      }),
  ),
  route('GET', `${BASE}/:id`, {}, async (work, _params, { id }) => (await work.get('transfer', id)).doc),
  route(
    'POST',
    `${BASE}/:id/reversals`,
    { amount: integer(1), description: ignored(), metadata: metadata(), refund_application_fee: flag() },
    async (work, params, { id }) => {
      const reversal = reverseTransfer(work, await work.lock('transfer', id), { amount: params.amount })
      return (await work.get('transfer_reversal', reversal)).doc
    },
  ),
  route('GET', `${FEES}/:id`, {}, async (work, _params, { id }) => (await work.get('application_fee', id)).doc),
  route('POST', `${FEES}/:id/refunds`, { amount: integer(1), metadata: metadata() }, async (work, params, { id }) => {
    const { doc } = await work.lock('application_fee', id)
    await returnFee(work, id, params.amount ?? doc.amount - doc.amount_refunded)
    return (await work.get('application_fee', id)).doc
  }),
]

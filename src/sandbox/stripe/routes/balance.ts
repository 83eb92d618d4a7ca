import { sumBalance } from '../flows/payout.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import { ignored, text } from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import type { Documents } from '../store/documents.ts'

const TRANSACTIONS = '/v1/balance_transactions'

export const balanceRoutes: Route[] = [
  route('GET', '/v1/balance', {}, async (work) => {
    const sums = await sumBalance(work)
    const part = (currency: string, amount: number) => ({ amount, currency, source_types: { card: amount } })
    return {
      object: 'balance',
      available: sums.map(({ currency, available }) => part(currency, available)),
      livemode: false,
      pending: sums.map(({ currency, pending }) => part(currency, pending)),
    }
  }),
  route(
    'GET',
    TRANSACTIONS,
    {
      ...pagination,
      created: created(),
      currency: text(),
      payout: text(),
      source: text(),
      type: text(),
      available_on: ignored(),
    },
    async (work, params) => {
      const page = await listObjects(work, 'balance_transaction', TRANSACTIONS, params, {
        charge: params.source,
        doc: { currency: params.currency?.toLowerCase(), type: params.type },
        ...(params.payout ? { hidden: { payout: params.payout } } : {}),
      })
      return { ...page, data: (page.data as Documents['balance_transaction'][]).map((doc) => settled(doc, work.now)) }
    },
  ),
  route('GET', `${TRANSACTIONS}/:id`, {}, async (work, _params, { id }) =>
    settled((await work.get('balance_transaction', id)).doc, work.now),
  ),
]

/** Money becomes available by the passing of time alone; nothing is written for it. */
function settled(doc: Documents['balance_transaction'], now: number): Documents['balance_transaction'] {
  return doc.available_on <= now ? { ...doc, status: 'available' } : doc
}

import { CompiledQuery } from 'kysely'
import { coalesce } from '#platform/coalesce.ts'
import { atOnce, type Database, type Tx } from '#platform/database.ts'
import type { Providers } from '#providers/accounts.ts'
import { type RoutedConnection, readRouting } from '#routing/repo.ts'
import type { Routing } from '#routing/rule.ts'
import { type Attribution, attributionOf } from '#threads/touch.ts'

export interface PlaceKey {
  merchantId: string
  threadId: string | null
  customerId: string | null
}

/** Where a payment is asked for and what that decides: how the payer came, and which accounts may take it. */
export interface Place {
  attribution: Attribution | null
  channel: string | null
  /** The customer's, as it was written down. */
  country: string | null
  routing: Routing
  /** The merchant's accounts at providers, whatever their state. */
  connections: readonly RoutedConnection[]
}

interface PlaceRow {
  channel: string | null
  first_touch: object | null
  last_touch: object | null
  country: string | null
  rules: object[] | null
  default_use: object[] | null
  connections: RoutedConnection[] | null
}

/** Payments that are created at the same time share one statement, and the rules of a merchant are read once in it. */
export const createPlaceReader = ({
  db,
  providers,
}: {
  db: Database
  providers: Providers
}): ((key: PlaceKey) => Promise<Place>) =>
  coalesce<PlaceKey, Place>({
    run: async (keys) => {
      const merchants = keys.map((key) => key.merchantId)
      const rows = await atOnce<PlaceRow>(db, merchants, {
        name: 'read_places',
        text: placesSql,
        values: valuesOf(keys, providers),
      })
      return placesIn(keys, rows).map((value) => ({ ok: true, value }))
    },
  })

/** The same for one payment, in the caller's transaction. */
export const readPlace = async (tx: Tx, { providers }: { providers: Providers }, key: PlaceKey): Promise<Place> => {
  const { rows } = await tx.executeQuery<PlaceRow>(CompiledQuery.raw(placesSql, valuesOf([key], providers)))
  const [place] = placesIn([key], rows)
  if (!place) throw new Error('a statement of one row answered none')
  return place
}

/** Row by row, so that primary keys are used also while the tables have no statistics. */
const placesSql = `
  select t.channel, t.first_touch, t.last_touch, c.country, r.rules, r.default_use, a.connections
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[]) with ordinality
    as w (merchant_id, thread_id, customer_id, is_first, n)
  left join lateral (
    select channel, first_touch, last_touch from threads where merchant_id = w.merchant_id and id = w.thread_id limit 1
  ) as t on true
  left join lateral (
    select coalesce(address ->> 'country', shipping -> 'address' ->> 'country') as country from customers
    where merchant_id = w.merchant_id and id = w.customer_id limit 1
  ) as c on true
  left join lateral (
    select rules, default_use from routings where merchant_id = w.merchant_id and w.is_first limit 1
  ) as r on true
  left join lateral (
    select json_agg(json_build_object('id', id, 'channel', channel, 'status', status, 'livemode', livemode,
      'settings', settings) order by id) as connections
    from connections
    where merchant_id = w.merchant_id and w.is_first and channel = any($5::text[]) and deleted_at is null
  ) as a on true
  order by w.n`

const valuesOf = (keys: readonly PlaceKey[], providers: Providers): unknown[] => {
  const seen = new Set<string>()
  const isFirst = ({ merchantId }: PlaceKey) => !seen.has(merchantId) && seen.add(merchantId) !== undefined
  return [
    keys.map((key) => key.merchantId),
    keys.map((key) => key.threadId),
    keys.map((key) => key.customerId),
    keys.map(isFirst),
    providers.routable(),
  ]
}

const placesIn = (keys: readonly PlaceKey[], rows: readonly PlaceRow[]): Place[] => {
  const known = new Map<string, Pick<Place, 'routing' | 'connections'>>()
  return rows.flatMap((row, n) => {
    const merchantId = keys[n]?.merchantId ?? ''
    const shared = known.get(merchantId) ?? { routing: readRouting(row), connections: row.connections ?? [] }
    known.set(merchantId, shared)
    return [{ attribution: attributionOf(row), channel: row.channel, country: row.country, ...shared }]
  })
}

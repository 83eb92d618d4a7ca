import type { AnyRow, Kind } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { invalidParam } from './api-error.ts'

type Json = Record<string, unknown>

/** Puts whole objects where ids stand, along each requested path. Works on copies: stored documents stay flat. */
export async function expand(work: Work, root: object, paths: readonly string[]): Promise<object> {
  let result: unknown = root
  for (const path of paths) {
    const segments = path.split('.')
    if (segments.length > 5) {
      throw invalidParam(`You cannot expand more than 4 levels of a property: (${path}).`, 'expand')
    }
    result = await expandPath(work, result, segments, path)
  }
  return result as object
}

async function expandPath(work: Work, value: unknown, segments: string[], path: string): Promise<unknown> {
  const [head, ...rest] = segments
  if (head === undefined || value === null || value === undefined) return value
  if (Array.isArray(value)) {
    const items: unknown[] = []
    for (const item of value) items.push(await expandPath(work, item, segments, path))
    return items
  }
  const object = value as Json
  const inner = object[head]
  if (inner !== null && typeof inner === 'object') {
    return { ...object, [head]: await expandPath(work, inner, rest, path) }
  }
  if (!EXPANDABLE.has(head) || (object.object === 'charge' && head === 'payment_method')) {
    const included = await includable(work, object, head)
    if (!included) throw invalidParam(`This property cannot be expanded (${path}).`, 'expand[]')
    return { ...object, [head]: await expandPath(work, included, rest, path) }
  }
  if (typeof inner !== 'string') return object
  const found = await work.find(kindOf(inner), inner)
  return found ? { ...object, [head]: await expandPath(work, shown(found as AnyRow), rest, path) } : object
}

/** Lists that Stripe leaves out until asked for. */
async function includable(work: Work, object: Json, head: string): Promise<object | null> {
  const id = String(object.id)
  if (object.object === 'charge' && head === 'refunds') {
    const rows = await work.query<{ doc: object }>(
      `select doc from sandbox_stripe.object where charge = $1 and kind = 'refund' order by seq desc limit 10`,
      [id],
    )
    return { object: 'list', data: rows.map(({ doc }) => doc), has_more: false, url: `/v1/charges/${id}/refunds` }
  }
  if (object.object === 'checkout.session' && head === 'line_items') {
    const session = await work.get('checkout.session', id)
    const url = `/v1/checkout/sessions/${id}/line_items`
    return { object: 'list', data: session.hidden.lineItems, has_more: false, url }
  }
  return null
}

function shown(row: AnyRow): object {
  return row.kind === 'customer' && row.hidden.deleted ? { id: row.id, object: 'customer', deleted: true } : row.doc
}

const EXPANDABLE = new Set([
  'application_fee',
  'balance_transaction',
  'charge',
  'customer',
  'default_payment_method',
  'failure_balance_transaction',
  'fee',
  'latest_charge',
  'originating_transaction',
  'payment_intent',
  'payment_method',
  'setup_intent',
  'source',
  'source_transaction',
  'transfer',
  'transfer_reversal',
  'refund',
])

const KINDS: Record<string, Kind> = {
  pi: 'payment_intent',
  ch: 'charge',
  py: 'charge',
  re: 'refund',
  pyr: 'refund',
  txn: 'balance_transaction',
  cus: 'customer',
  pm: 'payment_method',
  seti: 'setup_intent',
  du: 'dispute',
  file: 'file',
  po: 'payout',
  tr: 'transfer',
  trr: 'transfer_reversal',
  fee: 'application_fee',
  fr: 'fee_refund',
  cs: 'checkout.session',
}

const kindOf = (id: string): Kind => KINDS[id.split('_')[0] ?? ''] ?? 'event'

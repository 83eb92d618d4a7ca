import type { AnyRow, Kind } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { invalidParam, resourceMissing } from './api-error.ts'
import { integer, object, type Parser, type Shape, text } from './params.ts'

/** Every list endpoint takes these. Newest first, as at Stripe. */
export const pagination = {
  limit: limit(),
  starting_after: text(),
  ending_before: text(),
} satisfies Shape

export type CreatedRange = {
  gt?: number | undefined
  gte?: number | undefined
  lt?: number | undefined
  lte?: number | undefined
}

/** `created=1700000000` or `created[gte]=…`. */
export const created = (): Parser<CreatedRange | undefined> => (value, at) => {
  if (typeof value !== 'string')
    return object({ gt: integer(), gte: integer(), lt: integer(), lte: integer() })(value, at)
  const exact = integer()(value, at)
  return { gte: exact, lte: exact }
}

export type ListRequest = {
  limit?: number | undefined
  starting_after?: string | undefined
  ending_before?: string | undefined
  created?: CreatedRange | undefined
}

type Filters = { [column in 'customer' | 'payment_intent' | 'charge']?: string | undefined } & {
  /** Fields of the document itself, compared as text. */
  doc?: { [field: string]: string | string[] | undefined }
  hidden?: { [field: string]: string }
}

export async function listObjects(work: Work, kind: Kind, url: string, request: ListRequest, filters: Filters = {}) {
  const values: unknown[] = [kind]
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = [
    `kind = $1`,
    `account = ${bind(work.account.id ?? '')}`,
    `coalesce(hidden->>'deleted', 'false') <> 'true'`,
  ]
  for (const column of ['customer', 'payment_intent', 'charge'] as const) {
    if (filters[column] !== undefined) where.push(`${column} = ${bind(filters[column])}`)
  }
  for (const [field, wanted] of Object.entries(filters.doc ?? {})) {
    if (wanted !== undefined) where.push(`doc->>${bind(field)} = any(${bind([wanted].flat())}::text[])`)
  }
  for (const [field, wanted] of Object.entries(filters.hidden ?? {})) {
    where.push(`hidden->>${bind(field)} = ${bind(wanted)}`)
  }
  for (const [name, sign] of [
    ['gt', '>'],
    ['gte', '>='],
    ['lt', '<'],
    ['lte', '<='],
  ] as const) {
    const bound = request.created?.[name]
    if (bound !== undefined) where.push(`created ${sign} ${bind(bound)}`)
  }
  const isBackwards = request.ending_before !== undefined
  const cursor = request.starting_after ?? request.ending_before
  if (cursor !== undefined) {
    const param = isBackwards ? 'ending_before' : 'starting_after'
    where.push(`seq ${isBackwards ? '>' : '<'} ${bind(await sequenceOf(work, kind, cursor, param))}::bigint`)
  }
  const size = request.limit ?? 10
  const rows = await work.query<AnyRow>(
    `select id, kind, doc, hidden from sandbox_stripe.object where ${where.join(' and ')}
     order by seq ${isBackwards ? 'asc' : 'desc'} limit ${bind(size + 1)}`,
    values,
  )
  const page = rows.slice(0, size).map((row) => row.doc)
  return { object: 'list', data: isBackwards ? page.reverse() : page, has_more: rows.length > size, url }
}

function limit(): Parser<number | undefined> {
  return (value, at) => {
    const number = integer(1)(value, at)
    if (number === undefined || number <= 100) return number
    throw invalidParam('This value must be less than or equal to 100.', at, 'parameter_invalid_integer')
  }
}

async function sequenceOf(work: Work, kind: Kind, id: string, param: string): Promise<string> {
  const rows = await work.query<{ seq: string }>('select seq from sandbox_stripe.object where id = $1 and kind = $2', [
    id,
    kind,
  ])
  if (!rows[0]) throw resourceMissing(kind, id, param, 400)
  return rows[0].seq
}

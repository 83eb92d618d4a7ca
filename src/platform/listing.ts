import type { SelectQueryBuilder } from 'kysely'
import { z } from 'zod'
import { AppError } from '#kernel/errors.ts'
import { type IdKind, idPrefixes, parseId } from '#kernel/ids.ts'
import type { Tables } from './tables.ts'

/** An id of a kind in public form, parsed to the UUID behind it. */
export const idSchema = (kind: IdKind) =>
  z
    .string()
    .max(64)
    .meta({
      description: `Id of the form ${idPrefixes[kind]}_….`,
      example: `${idPrefixes[kind]}_01h455vb4pex5vsknk084sn02q`,
    })

/** The UUID behind a public id; 404 when it cannot be one. */
export const requireUuid = (kind: IdKind, id: string, what: string, param = 'id'): string => {
  const uuid = parseId(kind, id)
  if (uuid === undefined) throw new AppError('resource_missing', { message: `No such ${what}: '${id}'`, param })
  return uuid
}

const time = z.int().min(0).max(4_102_444_800)

/** Query parameters of every list. */
export const listQuery = z.strictObject({
  limit: z.int().min(1).max(100).default(10).meta({ description: 'How many objects, 1 to 100.' }),
  starting_after: z.string().max(64).optional().meta({ description: 'Id of the last object of the page before.' }),
  ending_before: z.string().max(64).optional().meta({ description: 'Id of the first object of the page after.' }),
  created: z
    .union([
      time,
      z.strictObject({ gt: time.optional(), gte: time.optional(), lt: time.optional(), lte: time.optional() }),
    ])
    .optional()
    .meta({ description: 'Unix seconds, or a range of them.' }),
  expand: z
    .array(z.string().max(100))
    .max(20)
    .optional()
    .meta({ description: 'Members to show whole instead of by id.' }),
})
export type ListQuery = z.output<typeof listQuery>

/** Stripe's list envelope around an object's schema. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ object: z.literal('list'), url: z.string(), has_more: z.boolean(), data: z.array(item) })

export interface Page<T> {
  object: 'list'
  url: string
  has_more: boolean
  data: T[]
}

type Listable = { id: string; created_at: Date }

/**
 * Reads one page, newest first: UUIDv7 ids sort by time, so the cursor is the id itself and a page costs the same
 * however deep it lies. `query` must select from one table already limited to the merchant.
 */
export const readPage = async <TB extends keyof Tables, O extends Listable>(
  query: SelectQueryBuilder<Tables, TB, O>,
  list: ListQuery,
  kind: IdKind,
): Promise<{ rows: O[]; hasMore: boolean }> => {
  if (list.starting_after !== undefined && list.ending_before !== undefined) {
    throw new AppError('parameters_exclusive', {
      message: 'Send starting_after or ending_before, not both.',
      param: 'ending_before',
    })
  }
  const backwards = list.ending_before !== undefined
  const cursor = list.starting_after ?? list.ending_before
  // Every listable table has `id` and `created_at`; Kysely cannot see that through a type parameter.
  let page = query as unknown as SelectQueryBuilder<{ t: Listable }, 't', O>
  if (cursor !== undefined) {
    const id = requireUuid(kind, cursor, 'object', backwards ? 'ending_before' : 'starting_after')
    page = page.where('id', backwards ? '>' : '<', id)
  }
  for (const [operator, seconds] of createdBounds(list.created))
    page = page.where('created_at', operator, new Date(seconds * 1000))
  const rows = await page
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(list.limit + 1)
    .execute()
  const shown = rows.slice(0, list.limit)
  return { rows: backwards ? shown.reverse() : shown, hasMore: rows.length > list.limit }
}

/** Times are compared in whole seconds, as they are shown: `created=5` is everything from 5.000 to 5.999. */
export const createdBounds = (created: ListQuery['created']): ['>=' | '<', number][] => {
  if (created === undefined) return []
  if (typeof created === 'number')
    return [
      ['>=', created],
      ['<', created + 1],
    ]
  const bounds: ['>=' | '<', number][] = []
  if (created.gt !== undefined) bounds.push(['>=', created.gt + 1])
  if (created.gte !== undefined) bounds.push(['>=', created.gte])
  if (created.lt !== undefined) bounds.push(['<', created.lt])
  if (created.lte !== undefined) bounds.push(['<', created.lte + 1])
  return bounds
}

export const listAnswer = <T>(url: string, data: T[], hasMore: boolean): Page<T> => ({
  object: 'list',
  url,
  has_more: hasMore,
  data,
})

const metadataKeysMax = 50

/** Metadata as Stripe limits it. An empty string for a key removes it (updates), an empty string for all clears. */
export const metadataSchema = z
  .record(
    z
      .string()
      .min(1)
      .max(40)
      .regex(/^[^[\]]*$/, 'keys must not contain square brackets'),
    z.string().max(500),
  )
  .refine((value) => Object.keys(value).length <= metadataKeysMax, `at most ${metadataKeysMax} keys`)
  .meta({ description: 'Up to 50 keys (≤ 40 characters) with text values (≤ 500 characters).' })

/** Applies a metadata update to what is stored: empty values unset their key. What is kept obeys the limit as well. */
export const mergeMetadata = (
  stored: Record<string, string>,
  update: Record<string, string> | '',
): Record<string, string> => {
  if (update === '') return {}
  const merged = Object.entries({ ...stored, ...update }).filter(([, value]) => value !== '')
  if (merged.length > metadataKeysMax) {
    throw new AppError('parameter_invalid_string', {
      message: `Metadata can have up to ${metadataKeysMax} keys; this would be ${merged.length}. Unset some with an empty value.`,
      param: 'metadata',
    })
  }
  return Object.fromEntries(merged)
}

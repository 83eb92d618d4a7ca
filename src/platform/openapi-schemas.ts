import { z } from 'zod'
import type { Route } from './route.ts'

/** Copies that carry a name. Kept, because a name may be given only once per process. */
const copies = new WeakMap<z.ZodType, z.ZodType>()

/** A body or a list under a name of its own, so that generated clients get a type: `CreateRefundRequest`, `RefundList`. */
export const named = <T extends z.ZodType>(schema: T, name: string | undefined): T => {
  if (name === undefined || schema.meta()?.id !== undefined) return schema
  const copy = copies.get(schema) ?? schema.meta({ ...schema.meta(), id: name })
  copies.set(schema, copy)
  return copy as T
}

export const bodyName = (route: Route): string =>
  `${route.operationId.charAt(0).toUpperCase()}${route.operationId.slice(1)}Request`

export const hasParameters = (schema: z.ZodObject | undefined): schema is z.ZodObject =>
  schema !== undefined && Object.keys(schema.shape).length > 0

/** Whether a value of this schema is written with brackets in a form or a query: `created[gte]=…`, `expand[]=…`. */
export const takesBrackets = (schema: z.core.$ZodType): boolean => {
  const { def } = schema._zod as unknown as { def: { type: string; innerType?: z.ZodType; options?: z.ZodType[] } }
  if (def.innerType !== undefined) return takesBrackets(def.innerType)
  return ['object', 'array', 'record'].includes(def.type) || (def.options ?? []).some(takesBrackets)
}

export const listName = (schema: z.ZodType): string | undefined => {
  if (!(schema instanceof z.ZodObject)) return undefined
  const { data } = schema.shape
  if (!(data instanceof z.ZodArray)) return undefined
  const item = idOf(data.element as z.ZodType)
  if (item === undefined) return undefined
  return 'next_page' in schema.shape ? `${item}SearchResult` : `${item}List`
}

const idOf = (schema: z.ZodType): string | undefined => schema.meta()?.id

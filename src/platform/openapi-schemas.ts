import { z } from 'zod'
import type { Route } from './route.ts'

/** Names for bodies and lists, so that generated clients get a type each: `CreateRefundRequest`, `RefundList`. */
export const nameSchemas = (routes: readonly Route[]): Record<string, z.ZodType> => {
  const names = new Map<z.ZodType, string>()
  for (const route of routes) {
    if (hasParameters(route.body) && !names.has(route.body))
      names.set(route.body, `${capitalise(route.operationId)}Request`)
    const list = listName(route.response)
    if (list !== undefined && ![...names.values()].includes(list)) names.set(route.response, list)
  }
  return Object.fromEntries([...names].map(([schema, name]) => [name, schema]))
}

export const hasParameters = (schema: z.ZodObject | undefined): schema is z.ZodObject =>
  schema !== undefined && Object.keys(schema.shape).length > 0

/** Whether a value of this schema is written with brackets in a form or a query: `created[gte]=…`, `expand[]=…`. */
export const takesBrackets = (schema: z.core.$ZodType): boolean => {
  const { def } = schema._zod as unknown as { def: { type: string; innerType?: z.ZodType; options?: z.ZodType[] } }
  if (def.innerType !== undefined) return takesBrackets(def.innerType)
  return ['object', 'array', 'record'].includes(def.type) || (def.options ?? []).some(takesBrackets)
}

const listName = (schema: z.ZodType): string | undefined => {
  if (!(schema instanceof z.ZodObject)) return undefined
  const { data } = schema.shape
  if (!(data instanceof z.ZodArray)) return undefined
  const item = idOf(data.element as z.ZodType)
  if (item === undefined) return undefined
  return 'next_page' in schema.shape ? `${item}SearchResult` : `${item}List`
}

const idOf = (schema: z.ZodType): string | undefined => schema.meta()?.id

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** What a search asks for: pairs of metadata and plain fields, all of which must fit. */
export type Search =
  | { ok: true; metadata: Record<string, string>; fields: Partial<Record<SearchField, string>> }
  | { ok: false; message: string }

const fieldNames = ['thread', 'customer', 'status', 'currency', 'amount'] as const
export type SearchField = (typeof fieldNames)[number]

const clause =
  /^\s*(?:metadata\[(?<q1>['"])(?<key>[^'"]{1,40})\k<q1>\]|(?<field>[a-z]+))\s*:\s*(?:'(?<single>(?:[^'\\]|\\.)*)'|"(?<double>(?:[^"\\]|\\.)*)"|(?<number>\d{1,10}))\s*/

/**
 * Parses the part of Stripe's search language that is served: `metadata['order']:'1001' AND status:'succeeded'`,
 * exact matches joined by AND.
 */
export const parseSearch = (query: string): Search => {
  // Without a prototype: `__proto__` must be a key that nothing has, and not one that vanishes.
  const metadata: Record<string, string> = Object.create(null)
  const fields: Partial<Record<SearchField, string>> = {}
  let rest = query
  for (;;) {
    const match = clause.exec(rest)
    if (!match?.groups)
      return {
        ok: false,
        message: `The query cannot be read at '${rest.slice(0, 40)}'. Write metadata['key']:'value' or field:'value', joined by AND.`,
      }
    const { key, field, single, double, number } = match.groups
    const value = number ?? (single ?? double ?? '').replaceAll(/\\(.)/g, '$1')
    if (key !== undefined) metadata[key] = value
    else if (isField(field)) fields[field] = value
    else
      return {
        ok: false,
        message: `'${field}' cannot be searched. Fields: ${fieldNames.join(', ')} and metadata['key'].`,
      }
    if (fields.amount !== undefined && !/^\d+$/.test(fields.amount))
      return { ok: false, message: 'amount takes a whole number of minor units.' }
    rest = rest.slice(match[0].length)
    if (rest === '') return { ok: true, metadata, fields }
    if (!/^AND\s/i.test(rest))
      return { ok: false, message: 'Clauses are joined by AND; OR and negation are not served.' }
    rest = rest.replace(/^AND\s+/i, '')
  }
}

const isField = (name: string | undefined): name is SearchField => fieldNames.some((field) => field === name)

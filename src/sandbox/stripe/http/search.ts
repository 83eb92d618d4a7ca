import type { Kind } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { invalidParam, invalidRequest } from './api-error.ts'
import { integer, required, text } from './params.ts'

export const searchShape = { query: required(text()), limit: integer(1), page: text() }

const CLAUSE =
  /^(-?)(?:metadata\[(['"])(?<key>[^'"]+)\2\]|(?<field>[a-z_]+))(?<sign>:|>=|<=|>|<)(?:(['"])(?<word>.*)\6|(?<number>\d+))$/
const NUMBERS = ['amount', 'created']
const WORDS = ['currency', 'customer', 'status', 'payment_intent', 'payment_method', 'email', 'name']

/** Stripe's query language, the part people use: fields and metadata, joined by AND or by OR. */
export async function searchObjects(
  work: Work,
  kind: Kind,
  url: string,
  request: { query: string; limit?: number | undefined; page?: string | undefined },
) {
  const joiner = / OR /i.test(request.query) ? 'or' : 'and'
  if (joiner === 'or' && / AND /i.test(request.query)) {
    throw invalidRequest('We do not support mixing AND and OR clauses in one query.', { param: 'query' })
  }
  const values: unknown[] = [kind]
  const bind = (value: unknown) => `$${values.push(value)}`
  const clauses = request.query.split(/ AND | OR /i).map((clause) => readClause(clause.trim(), bind))
  const offset = request.page === undefined ? 0 : Number(request.page)
  if (!Number.isSafeInteger(offset) || offset < 0) throw invalidParam('Invalid page.', 'page')
  const size = Math.min(request.limit ?? 10, 100)
  const rows = await work.query<{ doc: object }>(
    `select doc from sandbox_stripe.object where kind = $1 and account = ${bind(work.account.id ?? '')} and (${clauses.join(` ${joiner} `)})
     order by seq desc limit ${bind(size + 1)} offset ${bind(offset)}`,
    values,
  )
  const hasMore = rows.length > size
  const data = rows.slice(0, size).map(({ doc }) => doc)
  return { object: 'search_result', data, has_more: hasMore, next_page: hasMore ? String(offset + size) : null, url }
}

function readClause(clause: string, bind: (value: unknown) => string): string {
  const match = CLAUSE.exec(clause)
  const { key, field, sign, word, number } = match?.groups ?? {}
  const negation = match?.[1] === '-' ? 'not ' : ''
  if (key !== undefined && sign === ':')
    return `${negation}coalesce(doc->'metadata'->>${bind(key)} = ${bind(word ?? number)}, false)`
  if (field !== undefined && WORDS.includes(field) && sign === ':') {
    return `${negation}coalesce(doc->>${bind(field)} = ${bind(word ?? number)}, false)`
  }
  if (field !== undefined && NUMBERS.includes(field)) {
    const operator = sign === ':' ? '=' : sign
    return `${negation}((doc->>${bind(field)})::bigint ${operator} ${bind(word ?? number)}::bigint)`
  }
  throw invalidRequest(`We couldn't parse your search query: ${clause}`, { param: 'query' })
}

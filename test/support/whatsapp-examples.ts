import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const file = join(import.meta.dirname, '../../../shared/specs/meta/business-messaging-api_v23.0.yaml')

/** Why tests against WhatsApp's published examples are skipped, or false. */
export const noWhatsappSpec = existsSync(file) ? false : 'needs ../shared/specs/meta, which is not here'

/**
 * Fields that the pages on payments describe and the document's older examples do not have:
 * …/whatsapp/payments/payments-in/pg and …/payments-br/orders (2026-06).
 */
const newer = [
  'biz_opaque_callback_data',
  'interactive.action.parameters.payment_settings',
  'interactive.action.parameters.beneficiaries',
  'interactive.action.parameters.order.catalog_id',
  'interactive.action.parameters.order.expiration',
]

/**
 * What of a message is not in the document's example of that name, as `path: type`; what the example has and the
 * message lacks is left to the limits. Undefined: there is no such example.
 */
export const createWhatsappExamples = (): ((name: string, message: unknown) => string[] | undefined) => {
  const examples = new Map<string, unknown>()
  collect(parse(readFileSync(file, 'utf8')), examples)
  return (name, message) => {
    const example = examples.get(name)
    if (example === undefined) return undefined
    const known = new Set(leaves(example))
    return leaves(message).filter((leaf) => !known.has(leaf) && !newer.some((path) => leaf.startsWith(path)))
  }
}

const collect = (node: unknown, found: Map<string, unknown>): void => {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    if (key === 'examples' && typeof value === 'object' && value !== null)
      for (const [name, example] of Object.entries(value))
        if (typeof example === 'object' && example !== null && 'value' in example) found.set(name, example.value)
    collect(value, found)
  }
}

/** `a.b[].c: number`, for everything that is no object. */
const leaves = (node: unknown, path = ''): string[] => {
  if (Array.isArray(node)) return node.flatMap((one) => leaves(one, `${path}[]`))
  if (typeof node !== 'object' || node === null) return [`${path}: ${typeof node}`]
  return Object.entries(node).flatMap(([key, value]) => leaves(value, path === '' ? key : `${path}.${key}`))
}

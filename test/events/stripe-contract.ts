import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'

const file = join(import.meta.dirname, '../../../shared/specs/stripe/stripe.2026-10-28.endive.reduced.json')

/** For node:test's `skip`. */
export const noContract = existsSync(file) ? false : 'needs ../shared/specs/stripe, which is not here'

interface Contract {
  components: { schemas: Record<string, object> }
  'x-event-objects': Record<string, string>
}

export const readContract = (): Contract => JSON.parse(readFileSync(file, 'utf8'))

/** Fails unless the value has the published shape. */
export const createShapeCheck = () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false })
  ajv.addSchema(readContract(), 'stripe')
  return (schema: string, value: unknown): void => {
    const validate = ajv.compile({ $ref: `stripe#/components/schemas/${schema}` })
    assert.ok(validate(value), `${schema}: ${ajv.errorsText(validate.errors)}`)
  }
}

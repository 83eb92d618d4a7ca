import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { acpStatuses, situationOf } from '#checkout/acp-states.ts'
import { readCart } from '#checkout/cart-schemas.ts'
import { type CheckoutEvent, checkoutStatuses, isOpen, stepCheckout } from '#checkout/checkout-machine.ts'
import { showMessage } from '#checkout/checkout-view.ts'
import { labelsFor } from '#checkout/labels.ts'
import { findProblems, tellDecline, warnOfCode } from '#checkout/messages.ts'
import { priceCart } from '#checkout/totals.ts'
import { showLineTotals, showTotals } from '#checkout/totals-view.ts'
import { intentStatuses } from '#payments/intent-machine.ts'

const file = join(import.meta.dirname, '../../../shared/specs/acp/2026-04-17/json-schema/schema.agentic_checkout.json')
const noSpec = existsSync(file) ? false : 'needs ../shared/specs/acp, which is not here'

const open = () => {
  const bundle = JSON.parse(readFileSync(file, 'utf8'))
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(bundle)
  const check = (name: string, value: unknown): void => {
    const validate = ajv.getSchema(`${bundle.$id}#/$defs/${name}`)
    assert.ok(validate, name)
    assert.ok(validate(JSON.parse(JSON.stringify(value))), `${name}: ${JSON.stringify(validate.errors)}`)
  }
  return { bundle, check }
}

describe("the Agentic Commerce Protocol's words", { skip: noSpec }, () => {
  test('each of its eleven statuses is one situation of ours, and the other way round', () => {
    const { bundle } = open()
    const theirs: string[] = bundle.$defs.CheckoutSessionBase.properties.status.enum
    assert.deepEqual(Object.values(acpStatuses).sort(), [...theirs].sort())
    assert.equal(theirs.length, 11)
  })

  test('its totals and messages are ours', () => {
    const { check } = open()
    const line = { name: 'a', quantity: 3, unit_amount: 1000, tax_rate: '19' }
    for (const tax_behavior of ['inclusive', 'exclusive']) {
      const cart = readCart({
        line_items: [line],
        tax_behavior,
        shipping_options: [{ id: 's', title: 'Post', amount: 500 }],
        shipping_option: 's',
        tip: { amount: 5 },
      })
      const quote = { ...priceCart(cart, 100n), messages: [] }
      for (const row of showTotals(quote, labelsFor('ar'), 'SPRING')) check('Total', row)
      for (const one of quote.lines) for (const row of showLineTotals(one, labelsFor('zh-Hans'))) check('Total', row)
    }
    const empty = findProblems(readCart({}))
    const lacking = findProblems(
      readCart({ line_items: [line], requires: { name: true, email: true, phone: true, shipping: true } }),
    )
    assert.equal(lacking.length, 4)
    const abroad = { line1: 'x', city: 'y', postal_code: '', country: 'US' }
    const options = [{ id: 's', title: 'Post', amount: 500, countries: ['FR'] }]
    const restricted = findProblems(
      readCart({ line_items: [line], shipping_address: abroad, shipping_options: options }),
    )
    assert.equal(restricted[0]?.code, 'region_restricted')
    for (const message of [...empty, ...lacking, ...restricted, tellDecline('No.')])
      check('MessageError', showMessage(message))
    for (const code of [
      'discount_code_expired',
      'discount_code_invalid',
      'discount_code_minimum_not_met',
      'discount_code_usage_limit_reached',
    ] as const)
      check('MessageWarning', showMessage(warnOfCode({ code, content: 'No.' })))
  })
})

describe('where a checkout stands', () => {
  const at = (
    status: (typeof checkoutStatuses)[number],
    intentStatus?: (typeof intentStatuses)[number],
    hasPage = false,
  ) => acpStatuses[situationOf({ status, hasLines: true, intentStatus, hasPage })]

  test('every situation is reached', () => {
    const reached = new Set(
      checkoutStatuses.flatMap((status) =>
        [undefined, ...intentStatuses].flatMap((intentStatus) =>
          [true, false].flatMap((hasPage) =>
            [true, false].map((hasLines) => situationOf({ status, hasLines, intentStatus, hasPage })),
          ),
        ),
      ),
    )
    assert.deepEqual([...reached].sort(), Object.keys(acpStatuses).sort())
  })

  test('what is under way says how far it is', () => {
    assert.equal(at('in_progress', 'requires_action'), 'authentication_required')
    assert.equal(at('in_progress', 'processing'), 'complete_in_progress')
    assert.equal(at('in_progress', 'requires_confirmation'), 'complete_in_progress')
    assert.equal(at('in_progress', 'requires_payment_method'), 'requires_escalation')
    assert.equal(at('in_progress', 'requires_payment_method', true), 'in_progress')
    assert.equal(at('in_progress', 'requires_capture'), 'pending_approval')
    assert.equal(at('ready', 'requires_payment_method'), 'ready_for_payment')
    assert.equal(at('incomplete'), 'not_ready_for_payment')
  })
})

describe('the statuses of a checkout', () => {
  const events: CheckoutEvent[] = ['fill', 'empty', 'begin', 'processing', 'declined', 'paid', 'cancel', 'expire']

  test('an end is an end', () => {
    for (const status of ['completed', 'canceled', 'expired'] as const) {
      assert.equal(isOpen(status), false)
      for (const event of events) assert.equal(stepCheckout(status, event), undefined)
    }
  })

  test('whatever is open takes money, can be canceled and expires', () => {
    for (const status of ['incomplete', 'ready', 'in_progress'] as const) {
      assert.equal(isOpen(status), true)
      assert.equal(stepCheckout(status, 'paid'), 'completed')
      assert.equal(stepCheckout(status, 'cancel'), 'canceled')
      assert.equal(stepCheckout(status, 'expire'), 'expired')
    }
  })

  test('a decline leads back to what can be paid, and nothing begins before it is complete', () => {
    assert.equal(stepCheckout('in_progress', 'declined'), 'ready')
    assert.equal(stepCheckout('incomplete', 'begin'), undefined)
    assert.equal(stepCheckout('incomplete', 'declined'), undefined)
  })
})

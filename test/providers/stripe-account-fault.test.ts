import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountFaultOf } from '#providers/stripe/account-fault.ts'

test('a refusal of Stripe is the account’s fault, or the payer’s', () => {
  const table: [Parameters<typeof accountFaultOf>[0], string | undefined][] = [
    [{ statusCode: 401 }, 'credentials'],
    [{ statusCode: 403, code: 'account_invalid' }, 'not_enabled'],
    [{ statusCode: 400, code: 'testmode_charges_only' }, 'not_enabled'],
    [{ statusCode: 400, code: 'amount_too_small', param: 'amount' }, 'amount'],
    [{ statusCode: 400, param: 'currency' }, 'currency'],
    [{ statusCode: 400, param: 'line_items[0][price_data][currency]' }, 'currency'],
    [{ statusCode: 400, code: 'parameter_invalid_integer', param: 'amount' }, undefined],
    [{ statusCode: 402, code: 'card_declined', param: 'currency' }, undefined],
    [{ statusCode: 404, code: 'resource_missing', param: 'payment_method' }, undefined],
    [{}, undefined],
  ]
  for (const [error, fault] of table) assert.equal(accountFaultOf(error), fault, JSON.stringify(error))
})

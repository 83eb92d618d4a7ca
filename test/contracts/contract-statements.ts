import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** Fees that stand in a file of the day after. */
export const statements = (kit: ContractKit): void => {
  describe('statements', () => {
    if (!kit.offers('statements')) {
      test('are not needed: fees are told with the payment', () => {
        assert.equal(kit.harness.provider.statements, undefined)
        assert.equal(kit.harness.provider.capabilities.statements, undefined)
      })
      return
    }
    const trades = async (day: string) =>
      ok((await kit.harness.provider.statements?.trades({ day })) ?? assert.fail('no statements'))

    test('are there when the day is over, tell every fee under a ref of its own, and read the same again', async () => {
      const [payment, returned] = [await kit.paid(), await kit.paid()]
      const refund = ok(await kit.refundOf(returned, 1000n))
      const [today] = kit.harness.now().toISOString().split('T')
      assert.notEqual((await trades(today ?? '')).kind, 'lines')
      await kit.harness.settle()
      const day = (await kit.harness.endDay?.()) ?? assert.fail('the day does not end')
      const statement = await trades(day)
      assert.ok(statement.kind === 'lines')
      const line = statement.lines.find((one) => one.paymentRef === payment.ref)
      assert.deepEqual([line?.kind, line?.chargeRef, line?.amount], ['payment', payment.charge?.ref, 4200n])
      assert.ok(line && line.fee > 0n && line.fee < 4200n)
      const back = statement.lines.find((one) => one.refundRef === refund.ref)
      assert.deepEqual([back?.kind, back?.amount, back?.paymentRef], ['refund', 1000n, returned.ref])
      assert.ok(back && back.fee <= 0n)
      assert.equal(new Set(statement.lines.map(({ balanceRef }) => balanceRef)).size, statement.lines.length)
      assert.deepEqual(await trades(day), statement)
    })

    test('of a day on which nothing happened are none', async () => {
      const day = new Date(kit.harness.now().getTime() - 20 * 24 * 3_600_000).toISOString().slice(0, 10)
      assert.deepEqual(await trades(day), { kind: 'none' })
    })
  })
}

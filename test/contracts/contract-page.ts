import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'

/** The provider's own page for one payment. */
export const hostedPage = (kit: ContractKit): void => {
  const { key, fresh, pageOrder } = kit
  describe('the hosted page', () => {
    const open = async (command = pageOrder()) => {
      const page = ok(await kit.harness.provider.openPage(command))
      assert.ok(page.url ?? page.handover, 'an open page leads nowhere')
      return page
    }
    const page = async (pageRef: string) => ok(await kit.harness.provider.findPage({ pageRef }))
    const close = (pageRef: string) => kit.harness.provider.closePage({ idempotencyKey: key(), pageRef })

    test('opens once per key', async () => {
      const command = pageOrder()
      const first = await open(command)
      assert.equal(first.state, 'open')
      assert.equal(Math.abs((first.expiresAt?.getTime() ?? 0) - (command.expiresAt?.getTime() ?? 0)) < 1000, true)
      assert.deepEqual(await open(command), first)
    })

    test('of another amount under a used key is not opened, and is looked up', async () => {
      const command = pageOrder()
      const { ref } = await open(command)
      const items = [{ name: 'Pizza', amount: 9900n, quantity: 1 }]
      unknown(await kit.harness.provider.openPage({ ...command, amount: 9900n, items }))
      assert.equal((await page(ref))?.state, 'open')
    })

    test('paid by the payer leads to a payment with our tags', async () => {
      const command = pageOrder()
      const opened = await open(command)
      const { ref } = opened
      await kit.harness.payPage(opened, kit.harness.methods.good)
      const done = await page(ref)
      assert.deepEqual([done?.state, done?.url, done?.handover], ['complete', undefined, undefined])
      const payment = await fresh({ ref: done?.paymentRef ?? assert.fail('no payment') })
      assert.deepEqual([payment.state, payment.amountReceived], ['succeeded', 4200n])
      assert.deepEqual(payment.tags, command.tags)
      assert.ok(payment.charge?.fee ?? kit.harness.provider.capabilities.statements)
      assert.equal(ok(await close(ref)).state, 'complete')
    })

    test('holds the amount when it is to be captured later, or is refused', async () => {
      const { provider, methods } = kit.harness
      const command = pageOrder({ capture: 'manual' })
      if (!provider.capabilities.manualCapture) return void refused(await provider.openPage(command))
      const opened = await open(command)
      const { ref } = opened
      await kit.harness.payPage(opened, methods.good)
      const payment = await fresh({ ref: (await page(ref))?.paymentRef ?? assert.fail('no payment') })
      assert.deepEqual([payment.state, payment.amountCapturable], ['requires_capture', 4200n])
    })

    test('stays open after a decline', async () => {
      const opened = await open()
      const { ref } = opened
      await kit.harness.payPage(opened, kit.harness.methods.declined)
      assert.equal((await page(ref))?.state, 'open')
      await kit.harness.payPage(opened, kit.harness.methods.good)
      assert.equal((await page(ref))?.state, 'complete')
    })

    test('can be closed, and closed again', async () => {
      const { ref } = await open()
      const closed = ok(await close(ref))
      assert.deepEqual([closed.state, closed.url], ['expired', undefined])
      assert.equal(ok(await close(ref)).state, 'expired')
      refused(await close(kit.harness.missing.page))
    })
  })
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ProviderNotice } from '#providers/notice.ts'
import type { ProviderPayment } from '#providers/provider.ts'
import { ok } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'
import type { Notification } from './provider-harness.ts'

/** What the provider sends is believed only when it is signed, fresh and whole. */
export const notifications = (kit: ContractKit): void => {
  const { pageOrder, order, paid, refundOf, refundsOf } = kit
  describe('notifications', () => {
    const verify = ({ body, headers }: Notification, now = kit.harness.now()) =>
      kit.harness.provider.verifyWebhook({ body, headers, now })
    const noticeOf = (notification: Notification): ProviderNotice => {
      const answer = verify(notification)
      assert.ok(answer.ok)
      return answer.notice
    }
    const moved = (seconds: number) => new Date(kit.harness.now().getTime() + seconds * 1000)
    const sentFor = async (act: () => Promise<unknown>) => {
      await kit.harness.notifications()
      await act()
      return kit.harness.notifications()
    }

    test('tell where to look after a payment, under our tags, each with its own id', async () => {
      const command = order()
      let payment: ProviderPayment | undefined
      const sent = await sentFor(async () => {
        payment = await paid(command)
      })
      const notices = sent.map(noticeOf)
      const about = notices.find(({ subject }) => subject.kind === 'payment' && subject.ref === payment?.ref)
      assert.deepEqual(about?.tags, command.tags)
      assert.equal(about.livemode, false)
      assert.equal(new Set(notices.map(({ ref }) => ref)).size, notices.length)
      assert.ok(notices.every(({ subject }) => subject.kind !== 'unknown'))
    })

    test('tell where to look after a refund and a hosted page', async () => {
      const payment = await paid()
      const refund = (
        await sentFor(async () => {
          await refundOf(payment, 1000n)
          await kit.harness.settle()
        })
      ).map(noticeOf)
      const [made] = await refundsOf(payment)
      const subject = { kind: 'refund', ref: made?.ref, paymentRef: payment.ref }
      assert.ok(refund.some((notice) => JSON.stringify(notice.subject) === JSON.stringify(subject)))
      const opened = ok(await kit.harness.provider.openPage(pageOrder()))
      const page = await sentFor(() => kit.harness.payPage(opened, kit.harness.methods.good))
      assert.ok(page.map(noticeOf).some((notice) => 'ref' in notice.subject && notice.subject.ref === opened.ref))
    })

    test('sent twice are the same news under the same id', async () => {
      await kit.harness.duplicateNext()
      const sent = await sentFor(() => paid())
      const refs = sent.map((notification) => noticeOf(notification).ref)
      const twice = refs.find((ref, index) => refs.indexOf(ref) !== index)
      assert.ok(twice)
      const copies = sent.map(noticeOf).filter(({ ref }) => ref === twice)
      assert.deepEqual(copies[0], copies[1])
    })

    test('late or early by more than 300 seconds are refused', async () => {
      const [sent] = await sentFor(() => paid())
      assert.ok(sent)
      assert.equal(verify(sent, moved(290)).ok, true)
      assert.equal(verify(sent, moved(310)).ok, false)
      assert.equal(verify(sent, moved(-310)).ok, false)
    })

    test('that come late or in another order lead to what is true now', async () => {
      const sent = await sentFor(async () => {
        const payment = await paid()
        await refundOf(payment, 1000n)
        await kit.harness.settle()
      })
      for (const { subject } of sent.map(noticeOf).reverse()) {
        if (subject.kind !== 'payment') continue
        assert.equal(ok(await kit.harness.provider.findPayment({ paymentRef: subject.ref }))?.state, 'succeeded')
      }
      assert.ok(sent.length > 1)
    })

    test('with which the provider tests us are refused, or it sends none', () => {
      const probe = kit.harness.probe?.()
      if (probe) assert.equal(verify(probe).ok, false)
      else assert.equal(kit.harness.provider.acknowledgement, undefined)
    })

    test('with a changed body, another signature or none are refused', async () => {
      const [sent, other] = await sentFor(async () => {
        await paid()
        await paid()
      })
      assert.ok(sent && other)
      const changed = Buffer.from(sent.body)
      changed.writeUInt8(changed.readUInt8(40) ^ 1, 40)
      assert.equal(verify({ ...sent, body: changed }).ok, false)
      assert.equal(verify({ ...sent, headers: other.headers }).ok, false)
      assert.equal(verify({ ...sent, headers: {} }).ok, false)
      assert.equal(verify({ ...sent, body: Buffer.alloc(0) }).ok, false)
    })

    test('of no interest are ignored, and of an unknown type are kept for a person', () => {
      assert.deepEqual(noticeOf(kit.harness.signed('of no interest')).subject, { kind: 'ignored' })
      assert.deepEqual(noticeOf(kit.harness.signed('of an unknown type')).subject, { kind: 'unknown' })
      assert.equal(verify(kit.harness.signed('no event')).ok, false)
    })
  })
}

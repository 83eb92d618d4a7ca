import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DisputeCalls, EvidenceCommand, ProviderDispute, UploadCommand } from '#providers/disputes.ts'
import type { ProviderNotice } from '#providers/notice.ts'
import { ok, refused, unknown } from './answers.ts'
import type { ContractKit } from './contract-kit.ts'
import type { DisputeHarness } from './provider-harness.ts'

/** A payer says that the money was not owed. */
export const disputed = (kit: ContractKit): void => {
  describe('disputes', () => {
    if (!kit.offers('disputes')) {
      test('are not told by this provider', () => assert.equal(kit.harness.provider.disputes, undefined))
      return
    }
    if (kit.offers('chargebacks')) chargebacks(kit)
    inquiries(kit)
    evidence(kit)
  })
}

const callsOf = (kit: ContractKit): DisputeCalls => kit.harness.provider.disputes ?? assert.fail('no disputes')
const payersOf = (kit: ContractKit): DisputeHarness => kit.harness.disputes ?? assert.fail('nobody disputes')
const find = async (kit: ContractKit, disputeRef: string) =>
  ok(await callsOf(kit).find({ disputeRef })) ?? assert.fail(`${disputeRef} is not there`)

/** Every page of them, from long before: a provider may list so many days at once. */
const listAll = async (kit: ContractKit): Promise<ProviderDispute[]> => {
  const found: ProviderDispute[] = []
  const since = new Date(kit.started.getTime() - 70 * 86_400_000)
  let cursor: string | undefined
  do {
    const page = ok(await callsOf(kit).list({ since, cursor }))
    found.push(...page.data)
    cursor = page.next
  } while (cursor !== undefined)
  return found
}

/** Money that the bank takes, and may put back. */
const chargebacks = (kit: ContractKit): void => {
  const { paid } = kit
  const taken = async () => {
    const payment = await paid()
    const ref = await payersOf(kit).open(payment, 'takes')
    return { payment, ref }
  }
  test('that take money say how much, by which movement, of which payment, and until when to answer', async () => {
    const { payment, ref } = await taken()
    const dispute = await find(kit, ref)
    assert.deepEqual([dispute.state, dispute.amount, dispute.currency], ['needs_response', 4200n, payment.currency])
    assert.deepEqual([dispute.paymentRef, dispute.chargeRef], [payment.ref, payment.charge?.ref])
    assert.deepEqual(
      [dispute.submissions, dispute.round, dispute.isRefundable, dispute.isPastDue],
      [0, 1, false, false],
    )
    assert.ok(dispute.dueBy && dispute.dueBy > dispute.createdAt)
    assert.deepEqual(
      dispute.movements.map(({ kind, amount }) => [kind, amount]),
      [['withdrawn', 4200n]],
    )
    assert.ok(dispute.movements.every(({ ref, fee }) => ref && fee >= 0n))
  })

  for (const [verdict, state, kinds] of [
    ['win', 'won', ['withdrawn', 'reinstated']],
    ['lose', 'lost', ['withdrawn']],
  ] as const)
    test(`that the bank decides (${verdict}) end ${state}, with every movement under a ref of its own`, async () => {
      const { ref } = await taken()
      await payersOf(kit).decide?.(ref, verdict)
      const dispute = await find(kit, ref)
      assert.equal(dispute.state, state)
      assert.deepEqual(dispute.movements.map(({ kind }) => kind).sort(), [...kinds].sort())
      assert.ok(dispute.movements.every(({ amount }) => amount === 4200n))
      assert.equal(new Set(dispute.movements.map((movement) => movement.ref)).size, kinds.length)
    })
}

/** Questions and complaints, by which no money moves. */
const inquiries = (kit: ContractKit): void => {
  const { paid, started } = kit
  test('that only ask take nothing, and are told, found and listed', async () => {
    const payment = await paid()
    await kit.harness.notifications()
    const ref = await payersOf(kit).open(payment, 'asks')
    const dispute = await find(kit, ref)
    assert.deepEqual([dispute.ref, dispute.state, dispute.amount], [ref, 'warning_needs_response', 4200n])
    assert.ok(dispute.paymentRef === payment.ref || dispute.chargeRef === payment.charge?.ref)
    assert.deepEqual(dispute.movements, [])
    const listed = await listAll(kit)
    assert.deepEqual(
      listed.filter((one) => one.ref === ref),
      [dispute],
    )
    const subjects = (await kit.harness.notifications()).map((sent): ProviderNotice['subject'] | undefined => {
      const read = kit.harness.provider.verifyWebhook({ ...sent, now: kit.harness.now() })
      return read.ok ? read.notice.subject : undefined
    })
    assert.ok(subjects.some((subject) => subject?.kind === 'dispute' && subject.ref === ref))
  })

  test('that are ended by the merchant are closed, also when the answer is lost', async () => {
    const answered = async () => {
      const ref = await payersOf(kit).open(await paid(), 'asks')
      if (payersOf(kit).wantsAnswer) ok(await callsOf(kit).submitEvidence(said(kit, ref)))
      return ref
    }
    const [first, second] = [await answered(), await answered()]
    const close = (disputeRef: string) => callsOf(kit).close({ idempotencyKey: kit.key(), disputeRef })
    const { state } = ok(await close(first))
    assert.ok(state === 'lost' || state === 'warning_closed', state)
    await kit.harness.spoilNext('answer_lost')
    unknown(await close(second))
    assert.equal((await find(kit, second)).state, state)
  })

  test('of a state that nobody knows are unknown, and none at all is none', async () => {
    const ref = await payersOf(kit).open(await paid(), 'asks')
    const strange = kit.harness.stranger.disputes ?? assert.fail('no disputes')
    unknown(await strange.find({ disputeRef: ref }))
    unknown(await strange.list({ since: started }))
    const { dispute } = kit.harness.missing
    assert.equal(ok(await callsOf(kit).find({ disputeRef: dispute })), undefined)
    refused(await callsOf(kit).close({ idempotencyKey: kit.key(), disputeRef: dispute }))
  })
}

const said = (kit: ContractKit, disputeRef: string, over: Partial<EvidenceCommand> = {}): EvidenceCommand => ({
  idempotencyKey: kit.key(),
  disputeRef,
  texts: { uncategorized_text: 'It was delivered, and eaten.' },
  files: {},
  submit: true,
  ...over,
})

/** What the merchant says about it. */
const evidence = (kit: ContractKit): void => {
  const { key, paid } = kit
  const asked = async () => payersOf(kit).open(await paid(), kit.offers('chargebacks') ? 'takes' : 'asks')
  test('are answered, and then wait for the other side', async () => {
    const ref = await asked()
    const answered = ok(await callsOf(kit).submitEvidence(said(kit, ref)))
    assert.match(answered.state, /under_review$/)
    assert.equal(answered.submissions, 1)
    assert.equal(answered.evidence.uncategorized_text, 'It was delivered, and eaten.')
    assert.deepEqual(await find(kit, ref), answered)
  })

  for (const how of ['answer_lost', 'fails_after'] as const)
    test(`are answered once though nobody hears of it (${how}): a look-up tells`, async () => {
      const ref = await asked()
      await kit.harness.spoilNext(how)
      unknown(await callsOf(kit).submitEvidence(said(kit, ref)))
      const { submissions, evidence: kept } = await find(kit, ref)
      assert.deepEqual([submissions, kept.uncategorized_text], [1, 'It was delivered, and eaten.'])
    })

  test('are not answered by what failed before its work', async () => {
    const ref = await asked()
    await kit.harness.spoilNext('fails_before')
    unknown(await callsOf(kit).submitEvidence(said(kit, ref)))
    assert.equal((await find(kit, ref)).submissions, 0)
  })

  const receipt = { name: 'receipt.pdf', type: 'application/pdf', bytes: Buffer.from('%PDF-1.4 receipt') } as const
  const upload = (file: UploadCommand) => {
    const { uploadFile } = callsOf(kit)
    assert.ok(uploadFile, 'files need uploadFile')
    return uploadFile(file)
  }
  const send = async (file: UploadCommand) => ok(await upload(file))
  if (kit.offers('evidence_images')) {
    test('take images alone, of which an answer shows several', async () => {
      refused(await upload({ idempotencyKey: key(), ...receipt }))
      const png = { name: 'a.png', type: 'image/png', bytes: Buffer.from('89504e470d0a1a0a00', 'hex') } as const
      const [first, second] = [
        await send({ idempotencyKey: key(), ...png }),
        await send({ idempotencyKey: key(), ...png, name: 'b' }),
      ]
      assert.deepEqual([first.size, second.size], [9, 9])
      const ref = await asked()
      const files = { uncategorized_file: second.ref, receipt: first.ref, refund_policy: '' }
      assert.equal(ok(await callsOf(kit).submitEvidence(said(kit, ref, { files }))).submissions, 1)
      refused(await callsOf(kit).submitEvidence(said(kit, ref, { files: { receipt: 'no_such_file' } })))
    })
  }
  if (!kit.offers('evidence_files')) {
    if (!kit.offers('evidence_images')) test('take no files', () => assert.equal(callsOf(kit).uploadFile, undefined))
    return
  }
  test('take files, which are uploaded once per key, and kept with the texts before they are submitted', async () => {
    const one = { idempotencyKey: key(), ...receipt }
    const file = await send(one)
    assert.equal(file.size, receipt.bytes.length)
    assert.deepEqual(await send(one), file)
    const ref = await asked()
    const staged = ok(
      await callsOf(kit).submitEvidence(said(kit, ref, { files: { receipt: file.ref }, submit: false })),
    )
    assert.deepEqual([staged.submissions, staged.evidence.receipt], [0, file.ref])
    const cleared = ok(await callsOf(kit).submitEvidence(said(kit, ref, { texts: {}, files: { receipt: '' } })))
    assert.deepEqual([cleared.submissions, cleared.evidence.receipt], [1, undefined])
  })
}

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { createDisputeService } from '#disputes/service.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { createSecrets } from '#platform/crypto.ts'
import { inTransaction } from '#platform/database.ts'
import type { DisputeCalls, EvidenceCommand, ProviderDispute } from '#providers/disputes.ts'
import type { PaymentProvider, ProviderPayment } from '#providers/provider.ts'
import { createWorld, type World } from '../support/world.ts'
import { currency, dispute, movement, stories, tell } from './dispute-stories.ts'

type Answer = Awaited<ReturnType<DisputeCalls['submitEvidence']>>
const lost: Answer = { outcome: 'unknown', reason: 'no answer' }

let world: World
/** A payment of 9,999 that is known, and the ref of its charge. */
let paid: { id: string; uuid: string; charge: string }
before(async () => {
  world = await createWorld()
  const params = { amount: 9999, currency: 'eur', payment_method: 'pm_card_visa', confirm: true }
  const { body } = await world.request().post('/v1/payment_intents').send(params).expect(200)
  const { rows } = await sql<{ ref: string }>`select provider_ref as ref from charges`.execute(world.app.db.maintenance)
  paid = { id: body.id, uuid: parseId('paymentIntent', body.id) ?? '', charge: rows[0]?.ref ?? '' }
  await world.settle()
})
after(() => world[Symbol.asyncDispose]())

/** What the provider says and does; each test writes its own. */
let says: {
  dispute?: ProviderDispute | undefined
  payment?: ProviderPayment
  submit?: (command: EvidenceCommand) => Answer
}
let sent: EvidenceCommand[]
let uploads: string[]
/** The providers with an account of the deployment's that takes files. */
let takeFiles: readonly string[]
let takeImages: readonly string[]
beforeEach(() => {
  says = {}
  sent = []
  uploads = []
  takeFiles = ['stripe']
  takeImages = []
})

const provider = {
  id: 'stripe',
  findPayment: async () => ({ outcome: 'ok', value: says.payment }),
  findCharge: async () => ({ outcome: 'ok', value: undefined }),
  disputes: {
    find: async () => ({ outcome: 'ok', value: says.dispute }),
    submitEvidence: async (command: EvidenceCommand) => {
      sent.push(command)
      return says.submit?.(command) ?? lost
    },
    close: async () => lost,
    uploadFile: async ({ idempotencyKey }: { idempotencyKey: string }) => {
      uploads.push(idempotencyKey)
      return uploads.length === 1
        ? lost
        : { outcome: 'ok', value: { ref: 'file_at_provider', size: 5, createdAt: new Date(0) } }
    },
  },
} as unknown as PaymentProvider

/** The service on the world's own database, with that provider; its clock breaks at the `dies`-th look, if it is to die. */
const service = (dies = Number.POSITIVE_INFINITY) => {
  let looks = 0
  const now = () => {
    looks += 1
    if (looks === dies) throw new Error('killed')
    return world.clock.now()
  }
  const providers = {
    open: async ({ provider: id }: { provider: string }) =>
      takeFiles.includes(id)
        ? provider
        : {
            ...provider,
            id,
            disputes: takeImages.includes(id)
              ? { ...provider.disputes, imagesOnly: true }
              : { ...provider.disputes, uploadFile: undefined },
          },
    capabilities: () => ({ idempotencyHorizonMs: 3_600_000 }),
    hasOwn: () => true,
    routable: () => ['wechatpay', 'stripe'],
  }
  const secrets = createSecrets('a secret of at least thirty-two characters')
  const deps = { ...world.app, secrets, publicUrl: world.url, providers, clock: { now } } as unknown as PaymentDeps
  return createDisputeService(deps)
}
const own = { provider: 'stripe', connectionId: null }
const hint = () => ({ hint: { merchant_id: world.shop.uuid, id: paid.uuid } })
const hear = (view: ProviderDispute, dies?: number) => {
  says.dispute = { ...view, chargeRef: paid.charge }
  return service(dies).sync(own, view.ref, hint())
}
const scope = () => ({ merchantId: world.shop.uuid, livemode: false, resourceId: newUuid() })

const read = async <T>(query: ReturnType<typeof sql<T>>): Promise<T[]> =>
  (await query.execute(world.app.db.maintenance)).rows
const booked = (ref: string) =>
  read(sql<{ code: string; currency: string; total: bigint }>`
    select a.code, e.currency, sum(e.amount)::bigint as total from ledger_transactions t
    join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
    where t.refs->>'object' = ${ref} group by 1, 2 having sum(e.amount) <> 0 order by 1, 2`)
const rowOf = async (ref: string) => {
  const [row] = await read(sql<{
    id: string
    state: string
    settled: boolean
    version: number
    payment_intent_id: string
  }>`
    select id, state, settled_at is not null as settled, version, payment_intent_id from disputes where provider_ref = ${ref}`)
  assert.ok(row, `${ref} is kept`)
  return { ...row, shown: showId('dispute', row.id) }
}
const eventsOf = async (id: string) =>
  (await read(sql<{ type: string }>`select type from events where object_id = ${id} order by created_at, id`)).map(
    ({ type }) => type.replace('charge.dispute.', ''),
  )

let number = 0
const newRef = () => `du_${++number}`

test('whatever order the news come in, killed anywhere and told twice: the books end as the provider’s', async () => {
  await fc.assert(
    fc.asyncProperty(
      stories,
      fc.array(fc.nat({ max: 12 }), { maxLength: 4 }),
      async ({ chapters, arrivals }, deaths) => {
        const ref = newRef()
        const views = tell(ref, chapters)
        for (const [turn, index] of arrivals.entries()) {
          const view = views[index]
          assert.ok(view)
          const dies = deaths[turn]
          if (dies !== undefined) await hear(view, dies).catch(() => undefined)
          await Promise.all([hear(view), hear(view)])
        }
        const last = views.at(-1)
        const row = await rowOf(ref)
        assert.deepEqual([row.state, row.settled], [last?.state, true])
        const accounts = await booked(ref)
        assert.ok(
          !accounts.some(({ code }) => code === '1150'),
          JSON.stringify(accounts, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
        )
        for (const code of new Set((last?.movements ?? []).map((one) => one.currency))) {
          const net = (last?.movements ?? [])
            .filter((one) => one.currency === code)
            .reduce((sum, { kind, amount, fee }) => sum + (kind === 'withdrawn' ? -amount : amount) - fee, 0n)
          assert.equal(accounts.find((one) => one.code === '1110' && one.currency === code)?.total ?? 0n, net)
        }
        const told = await eventsOf(row.id)
        assert.equal(told.filter((type) => type === 'created').length, 1)
      },
    ),
    { numRuns: 15 },
  )
  await world.trialBalanceIsZero()
})

test('killed at each step of opening, it is booked wholly or not at all, and once', async () => {
  const ref = newRef()
  const view = dispute({ ref, state: 'lost', movements: [movement({ ref: `${ref}_txn` })] })
  let deaths = 0
  for (let step = 1; step <= 8; step++) {
    await hear(view, step).then(
      () => undefined,
      () => deaths++,
    )
    const lines = await booked(ref)
    assert.ok(lines.length === 0 || lines.length === 3, `after step ${step}: ${lines.length} accounts`)
  }
  assert.ok(deaths >= 2, 'it died on the way')
  await Promise.all([hear(view), hear(view), hear(view)])
  assert.deepEqual(
    (await booked(ref)).map(({ code, total }) => [code, total]),
    [
      ['1110', -6500n],
      ['5020', 1500n],
      ['5050', 5000n],
    ],
  )
  assert.deepEqual(await eventsOf((await rowOf(ref)).id), ['created', 'funds_withdrawn', 'closed'])
})

test('the database refuses a settled dispute with anything open', async () => {
  const ref = newRef()
  await hear(dispute({ ref, movements: [movement({ ref: `${ref}_txn` })] }))
  const { id } = await rowOf(ref)
  const settle = inTransaction(world.app.db, world.shop.uuid, (tx) =>
    sql`update disputes set state = 'lost', settled_at = now() where id = ${id}`.execute(tx),
  )
  await assert.rejects(settle, /left on 1150/)
  await hear(dispute({ ref, state: 'lost', movements: [movement({ ref: `${ref}_txn` })] }))
  const more = inTransaction(world.app.db, world.shop.uuid, (tx) =>
    sql`insert into dispute_movements (merchant_id, dispute_id, ref, kind, amount, fee, currency, available_on, occurred_at)
      values (${world.shop.uuid}, ${id}, 'more', 'withdrawn', 1, 0, 'eur', now(), now())`.execute(tx),
  )
  await assert.rejects(more, /left on 1150/)
})

describe('whose dispute it is', () => {
  const unpaid = async () => {
    const { body } = await world
      .request()
      .post('/v1/payment_intents')
      .send({ amount: 5000, currency: 'eur' })
      .expect(200)
    const tags = { merchant: world.shop.id, paymentIntent: body.id }
    const charge = {
      ref: `ch_of_${body.id}`,
      state: 'succeeded' as const,
      amount: 5000n,
      amountCaptured: 5000n,
      amountRefunded: 0n,
      captured: true,
      createdAt: world.clock.now(),
    }
    says.payment = {
      ref: `pi_of_${body.id}`,
      state: 'succeeded',
      amount: 5000n,
      amountCapturable: 0n,
      amountReceived: 5000n,
      currency: currency('eur'),
      charge,
      tags,
    }
    return { id: body.id, charge: charge.ref, tags }
  }

  test('is found by the tags when its news overtake the payment’s own, and the payment is booked first', async () => {
    const { id, charge, tags } = await unpaid()
    const ref = newRef()
    says.dispute = dispute({
      ref,
      chargeRef: charge,
      paymentRef: `pi_of_${id}`,
      tags,
      movements: [movement({ ref: `${ref}_txn` })],
    })
    const synced = await service().sync(own, ref)
    assert.deepEqual([synced.verdict, synced.payment?.id], ['applied', parseId('paymentIntent', id)])
    assert.equal((await world.request().get(`/v1/payment_intents/${id}`)).body.status, 'succeeded')
    assert.equal((await booked(ref)).find(({ code }) => code === '1150')?.total, 5000n)
  })

  test('is asked again while its charge is not known, and is foreign when nothing says that it is ours', async () => {
    const { id, tags } = await unpaid()
    says.dispute = dispute({ ref: newRef(), chargeRef: 'ch_another', paymentRef: `pi_of_${id}`, tags })
    await assert.rejects(service().sync(own, says.dispute.ref), /not known yet/)
    says.dispute = dispute({ ref: newRef(), chargeRef: 'ch_theirs', paymentRef: 'pi_theirs' })
    assert.equal((await service().sync(own, says.dispute.ref)).verdict, 'foreign')
    says.dispute = undefined
    assert.equal((await service().sync(own, 'du_gone', hint())).verdict, 'missing')
  })

  test('is nobody else’s: through a connection only its own merchant hears', async () => {
    const { id, charge, tags } = await unpaid()
    says.dispute = dispute({ ref: newRef(), chargeRef: charge, paymentRef: `pi_of_${id}`, tags })
    const foreign = await service().sync(own, says.dispute.ref, { owner: newUuid() })
    assert.equal(foreign.verdict, 'foreign')
  })
})

describe('an answer of ours', () => {
  const open = async () => {
    const ref = newRef()
    await hear(dispute({ ref }))
    return rowOf(ref)
  }
  const evidence = { product_description: 'Roses' } as never
  const done = (ref: string) => ({
    ...dispute({ ref, chargeRef: paid.charge }),
    state: 'under_review' as const,
    submissions: 1,
  })

  test('that was lost after the work was done is looked up, and never submitted twice', async () => {
    const { shown } = await open()
    const ref = `du_${number}`
    says.submit = () => {
      says.dispute = done(ref)
      return lost
    }
    const view = await service().update(scope(), shown, { evidence })
    assert.deepEqual([view.status, sent.length], ['under_review', 1])
  })

  test('that was lost before is sent again under the same key; one that nobody knows of waits', async () => {
    const { shown, id } = await open()
    const ref = `du_${number}`
    const first = scope()
    await assert.rejects(service().update(first, shown, { evidence }), { code: 'provider_unknown_outcome' })
    await assert.rejects(service().update(scope(), shown, { evidence }), { code: 'lock_timeout' })
    says.submit = () => ({ outcome: 'ok', value: done(ref) })
    world.clock.advance(60_000)
    const [due] = await read(sql<{ id: string }>`select id from dispute_operations where dispute_id = ${id}`)
    await Promise.all([1, 2, 3].map(() => service().work(world.shop.uuid, due?.id ?? '')))
    assert.deepEqual([sent.length, new Set(sent.map((one) => one.idempotencyKey)).size], [3, 1])
    const view = await service().update(first, shown, { evidence })
    assert.deepEqual([view.status, sent.length], ['under_review', 3])
  })

  test('that is refused says so; after the key is forgotten it is given up', async () => {
    const { shown } = await open()
    says.submit = () => ({ outcome: 'refused', decline: { code: 'x', message: 'The bank takes no answer.' } })
    await assert.rejects(service().update(scope(), shown, { evidence }), /The bank takes no answer/)
    says.submit = () => lost
    const late = scope()
    await assert.rejects(service().update(late, shown, { evidence }), { code: 'provider_unknown_outcome' })
    world.clock.advance(2 * 3_600_000)
    const count = sent.length
    await assert.rejects(service().update(late, shown, { evidence }), /never received/)
    assert.equal(sent.length, count)
  })

  test('killed after it was written is found by the sweep', async () => {
    const { shown, id } = await open()
    const ref = `du_${number}`
    says.submit = () => ({ outcome: 'ok', value: done(ref) })
    await assert.rejects(service(2).update(scope(), shown, { evidence }), /killed/)
    assert.equal(sent.length, 0)
    const [due] = await read(sql<{ id: string }>`select id from dispute_operations where dispute_id = ${id}`)
    await service().work(world.shop.uuid, due?.id ?? '')
    assert.deepEqual([(await rowOf(ref)).state, sent.length], ['under_review', 1])
  })

  test('a file goes to the dispute’s account, without one to the first that takes files, or nowhere', async () => {
    const { shown } = await open()
    const file = { name: 'a.pdf', bytes: Buffer.from('%PDF-') }
    const stranger = { ...scope(), merchantId: (await world.openShop('Undisputed')).uuid }
    const upload = (by: typeof stranger, dispute?: string) => service().upload(by, file, dispute)
    await assert.rejects(upload(stranger), { code: 'provider_unknown_outcome' })
    await upload(stranger)
    const kept = await read(sql<{ provider: string }>`
      select provider from dispute_files where merchant_id = ${stranger.merchantId}`)
    assert.deepEqual([kept, uploads.length], [[{ provider: 'stripe' }], 2])
    // Who takes images alone comes last, and is asked for nothing else.
    takeImages = ['wechatpay']
    const image = { name: 'a.png', bytes: Buffer.from('89504e470d0a1a0a', 'hex') }
    const keptAt = async (bytes: typeof image, by = { ...stranger, resourceId: newUuid() }) => {
      await service().upload(by, bytes, undefined)
      const [row] = await read(sql<{ provider: string }>`
        select provider from dispute_files where merchant_id = ${by.merchantId} and id = ${by.resourceId}`)
      return row?.provider
    }
    assert.equal(await keptAt(image), 'stripe')
    takeFiles = []
    assert.equal(await keptAt(image), 'wechatpay')
    await assert.rejects(upload({ ...stranger, resourceId: newUuid() }), { code: 'capability_missing' })
    uploads = uploads.slice(0, 2)
    takeImages = []
    await assert.rejects(upload(scope(), shown), { code: 'capability_missing' })
    await assert.rejects(upload({ ...stranger, resourceId: newUuid() }), { code: 'capability_missing' })
    assert.equal(uploads.length, 2)
  })

  test('a file whose upload was lost goes up again under the same key', async () => {
    const one = scope()
    const file = { name: 'a.pdf', bytes: Buffer.from('%PDF-') }
    await assert.rejects(service().upload(one, file, undefined), { code: 'provider_unknown_outcome' })
    const kept = await service().upload(one, file, undefined)
    await service().upload(one, file, undefined)
    assert.deepEqual([uploads.length, new Set(uploads).size, kept.id], [2, 1, showId('file', one.resourceId)])
  })
})

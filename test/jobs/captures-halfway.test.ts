import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { KyselyPlugin } from 'kysely'
import { newUuid, parseId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { captureIntent } from '#payments/capture-service.ts'
import { createSecrets } from '#platform/crypto.ts'
import type { PaymentProvider } from '#providers/provider.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { assertSound, bookOf, confirm, createIntent, read, takenFor } from '../faults/fault-kit.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let stripe: PaymentProvider
before(async () => {
  world = await createWorld({ work: false })
  const keys = { secretKey: 'sk_test_world', webhookSecrets: ['whsec_world'] }
  stripe = createStripeProvider({ ...keys, apiBase: world.sandbox.url })
})
after(async () => {
  await world.startWork()
  await assertSound(world)
  await world[Symbol.asyncDispose]()
})

const hold = async (amount: number): Promise<string> => {
  const payment_method_options = { card: { request_multicapture: 'if_available' } }
  const id = await createIntent(world, { amount, capture_method: 'manual', payment_method_options })
  assert.equal((await confirm(world, id)).body.status, 'requires_capture')
  return id
}

/** Wherever it waits it may be the last time: before and after each statement, each call, each look at the clock. */
const mortal = (steps: number, losesAnswers = false): { deps: PaymentDeps; isDead: () => boolean } => {
  let left = steps
  const tick = () => {
    left -= 1
    if (left < 0) throw new Error('the process died')
  }
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      tick()
      return node
    },
    transformResult: async ({ result }) => {
      tick()
      return result
    },
  }
  const around =
    <A, R>(work: (argument: A) => Promise<R>) =>
    async (argument: A): Promise<R> => {
      tick()
      const answer = await work(argument)
      tick()
      return answer
    }
  const capture: PaymentProvider['capture'] = async (command) => {
    const answer = await stripe.capture(command)
    return losesAnswers ? { outcome: 'unknown', reason: 'no answer' } : answer
  }
  const provider = { ...stripe, capture: around(capture), findPayment: around(stripe.findPayment) }
  const deps = {
    ...world.app,
    db: { ...world.app.db, app: world.app.db.app.withPlugin(plugin) },
    clock: {
      now: () => {
        tick()
        return world.clock.now()
      },
    },
    queue: { ...world.app.queue, wake: tick },
    secrets: createSecrets('a secret of at least thirty-two characters'),
    publicUrl: world.url,
    providers: { open: async () => provider, capabilities: () => provider.capabilities },
  }
  return { deps: deps as unknown as PaymentDeps, isDead: () => left < 0 }
}
const forEver = Number.POSITIVE_INFINITY

interface Part {
  amount_to_capture: number
  final_capture: boolean
}

/**
 * One capture that dies at the given step. Then somebody asks for the same again, twice at once; or nobody does, and the
 * jobs end it, twice at once. Answers whether it died.
 */
const dieAt = async (step: number, id: string, part: Part, losesAnswers = false): Promise<boolean> => {
  const scope = { merchantId: world.shop.uuid, intentId: parseId('paymentIntent', id) ?? '', requestId: newUuid() }
  const { deps, isDead } = mortal(step, losesAnswers)
  await captureIntent(deps, scope, part).catch((error: unknown) => {
    if (!isDead()) throw error
  })
  if (step % 3 === 0) await endByJobs()
  // What was never written down has not happened: whoever wants it asks again.
  const again = () => captureIntent(mortal(forEver).deps, scope, part).catch(() => undefined)
  await Promise.all([again(), again()])
  return isDead()
}

const endByJobs = async (): Promise<void> => {
  world.clock.advance(60_000)
  const due = await world.app.db.maintenance
    .selectFrom('operations')
    .select(['merchant_id', 'id'])
    .where('state', 'in', ['sent', 'unknown'])
    .execute()
  const { payments } = world.app.services
  await Promise.all([...due, ...due].map((one) => payments.resolve(one.merchant_id, one.id)))
}

const capturedHere = async (id: string) => {
  const { status, amount_received: received } = await read(world, id)
  return { status, received }
}

test('a part that is captured is captured once, wherever its capture dies, and so is the next', async () => {
  const id = await hold(2000)
  let [taken, step] = [0, 0]
  const part = { amount_to_capture: 7, final_capture: false }
  for (let dies = true; dies; step++) {
    dies = await dieAt(step, id, part)
    taken += 7
    assert.deepEqual(await capturedHere(id), { status: 'requires_capture', received: taken }, `dead at step ${step}`)
  }
  assert.ok(step > 20, `there were only ${step} steps to die at`)
  const [only] = await bookOf(world, id)
  assert.deepEqual([only?.captured, only?.charges], [taken, 1])
})

test('the last part gives the rest back, once, wherever its capture dies', async () => {
  let dies = true
  for (let step = 1; dies; step += 6) {
    const id = await hold(1000)
    await dieAt(1000, id, { amount_to_capture: 300, final_capture: false })
    dies = await dieAt(step, id, { amount_to_capture: 200, final_capture: true })
    assert.deepEqual(await capturedHere(id), { status: 'succeeded', received: 500 }, `dead at step ${step}`)
    assert.equal(await takenFor(world, id), 500, `dead at step ${step}`)
  }
})

test('dead at each step of finding out what became of a part whose answer was lost: captured once', async () => {
  const id = await hold(2000)
  let [taken, step] = [0, 0]
  const part = { amount_to_capture: 9, final_capture: false }
  for (let dies = true; dies; step += 2) {
    dies = await dieAt(step, id, part, true)
    taken += 9
    assert.equal((await capturedHere(id)).received, taken, `dead at step ${step}`)
  }
  assert.equal(await takenFor(world, id), taken)
})

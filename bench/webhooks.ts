import { parseId } from '#kernel/ids.ts'
import type { Connection } from './http-client.ts'
import { postedSql, watchDatabase } from './ledger-watch.ts'
import { type LoadResult, requireOk, runAtRate, runLoad } from './load.ts'
import { createPgbench, findPgbench } from './pgbench.ts'
import { inboxScript } from './rows.ts'
import { muteSandbox, notificationOf, type PaidPayment, payAtProvider, readAtProvider } from './sandbox-client.ts'
import { speeds, table } from './statistics.ts'
import { measure, settle, type World, whilePaused } from './world.ts'

const paymentsPerSecond = 20

export const benchWebhooks = async (world: World): Promise<string> => {
  const { app, settings } = world
  await muteSandbox(app)
  const seconds = settings.quick ? 3 : 8
  await postPayments(world, await payAtProvider(app, settings.quick ? 50 : 100), 16) // warms up what the rounds measure
  const moderate = await measure(world, async () => {
    const paid = await payAtProvider(app, paymentsPerSecond * seconds)
    return postAtRate(world, paid, seconds)
  })
  const saturated = await measure(world, async () =>
    postPayments(world, await payAtProvider(app, settings.quick ? 150 : 800), 64),
  )
  const acks = await benchAcks(world)
  const rows = [
    [`notification → ledger, ${paymentsPerSecond} payments/s`, ...speeds([moderate])],
    ['notification → ledger, 64 payments under way', ...speeds([saturated])],
    ['notification → 200, 64 connections', ...speeds(acks.app)],
    ...(acks.baseline.length > 0 ? [['pgbench, same inbox rows, 64 clients', ...speeds(acks.baseline)]] : []),
  ]
  const notes = [
    'Goal: notification → ledger p50 ≤ 50 ms. Two notifications per payment (`charge.succeeded`, `payment_intent.succeeded`); the payment is fetched from the provider before anything is booked.',
  ]
  return ['### Provider notifications', '', table(['', 'per second', 'p50 ms', 'p99 ms'], rows), '', ...notes].join(
    '\n',
  )
}

/** From the POST of the first notification until its ledger transaction can be read by others. */
const postStep =
  (paid: PaidPayment[], posted: (id: string) => Promise<void>) =>
  async (connection: Connection): Promise<boolean> => {
    const payment = paid.pop()
    if (!payment) return false
    const done = posted(parseId('paymentIntent', payment.id) ?? '')
    for (const request of payment.requests) requireOk(await connection.send(request))
    await done
    return true
  }

const postAtRate = (world: World, paid: PaidPayment[], seconds: number): Promise<LoadResult> =>
  watching(world, 1, (posted) =>
    runAtRate({ port: world.app.port, perSecond: paymentsPerSecond, seconds, step: postStep(paid, posted) }),
  )

const postPayments = (world: World, paid: PaidPayment[], connections: number): Promise<LoadResult> =>
  watching(world, 3, (posted) =>
    runLoad({ port: world.app.port, connections, seconds: 12, step: postStep(paid, posted) }),
  )

const watching = async (
  world: World,
  everyMs: number,
  run: (posted: (id: string) => Promise<void>) => Promise<LoadResult>,
): Promise<LoadResult> => {
  const watch = watchDatabase(world.database, world.merchant, { text: postedSql, everyMs })
  try {
    const result = await run(watch.posted)
    if (result.errors.length > 0) throw new Error(`${result.errors.length} notifications failed: ${result.errors[0]}`)
    return result
  } finally {
    watch.close()
    await settle(world)
  }
}

/** Notifications with new ids about one payment that is booked already: stored and answered, then found to be no news. */
const benchAcks = async (world: World) => {
  const { rows } = await world.database.query<{ ref: string; body: Buffer; notice: object }>(
    `select i.provider_ref as ref, e.body, e.notice from payment_intents i
     join provider_events e on e.payment_intent_id = i.id and e.type = 'payment_intent.succeeded' limit 1`,
  )
  const [sample] = rows
  if (!sample) throw new Error('no notification has been worked off')
  const intent = await readAtProvider(world.app, sample.ref)
  const program = findPgbench()
  const baseline =
    program &&
    createPgbench(program, {
      databaseUrl: world.app.databaseUrl,
      role: 'parley_maintenance',
      clients: 64,
      script: inboxScript(sample),
    })
  const results = { app: [] as LoadResult[], baseline: [] as { perSecond: number; p50: number; p99: number }[] }
  const seconds = Math.min(2, world.settings.seconds)
  for (let n = 0; n < world.settings.rounds; n++) {
    results.app.push(await measure(world, () => ackRound(world, intent, seconds)))
    if (!baseline) continue
    results.baseline.push(await whilePaused(world, () => measure(world, () => baseline.run(seconds))))
  }
  return results
}

const ackRound = async (world: World, intent: object, seconds: number): Promise<LoadResult> => {
  const step = async (connection: Connection): Promise<boolean> => {
    requireOk(await connection.send(notificationOf(world.app, 'payment_intent.succeeded', intent)))
    return true
  }
  const result = await runLoad({ port: world.app.port, connections: 64, seconds, step })
  if (result.errors.length > 0) throw new Error(`${result.errors.length} notifications failed: ${result.errors[0]}`)
  await settle(world)
  return result
}

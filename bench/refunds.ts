import { randomUUID } from 'node:crypto'
import { parseId } from '#kernel/ids.ts'
import { type Connection, post } from './http-client.ts'
import { refundedSql, watchDatabase } from './ledger-watch.ts'
import { type LoadResult, requireOk, runLoad } from './load.ts'
import { speeds, table } from './statistics.ts'
import { measure, settle, type World } from './world.ts'

/** Create with confirm (the answer says that it is paid), then refunds until the ledger has them. */
export const benchRefunds = async (world: World): Promise<string> => {
  const seconds = world.settings.quick ? 2 : 5
  const paid: string[] = []
  await confirmRound(world, 2, 16, paid)
  const few = await measure(world, () => confirmRound(world, seconds, 1, paid))
  const many = await measure(world, () => confirmRound(world, seconds, 32, paid))
  const refunds = await measure(world, () => refundRound(world, seconds, paid))
  const rows = [
    ['create with confirm, 1 connection', ...speeds([few])],
    ['create with confirm, 32 connections', ...speeds([many])],
    ['refund → succeeded and in the ledger, 32 under way', ...speeds([refunds])],
  ]
  return [
    '### Through the provider (the simulator, in the same process)',
    '',
    table(['', 'per second', 'p50 ms', 'p99 ms'], rows),
  ].join('\n')
}

const headersOf = (world: World) => ({
  Authorization: `Bearer ${world.app.key}`,
  'Content-Type': 'application/x-www-form-urlencoded',
  'Idempotency-Key': randomUUID(),
})

const confirmRound = (world: World, seconds: number, connections: number, paid: string[]): Promise<LoadResult> =>
  round(world, seconds, connections, async (connection) => {
    const body = 'amount=4200&currency=eur&confirm=true&payment_method=pm_card_visa&return_url=https://shop.example/'
    const answer = requireOk(await connection.send(post('/v1/payment_intents', headersOf(world), body)))
    const { id, status } = JSON.parse(answer) as { id: string; status: string }
    if (status !== 'succeeded') throw new Error(`a confirmed payment is ${status}`)
    paid.push(id)
    return true
  })

const refundRound = async (world: World, seconds: number, paid: string[]): Promise<LoadResult> => {
  const watch = watchDatabase(world.database, world.merchant, { text: refundedSql, everyMs: 5 })
  try {
    return await round(world, seconds, 32, async (connection) => {
      const id = paid.pop()
      if (id === undefined) return false
      const answer = requireOk(await connection.send(post('/v1/refunds', headersOf(world), `payment_intent=${id}`)))
      await watch.posted(parseId('refund', (JSON.parse(answer) as { id: string }).id) ?? '')
      return true
    })
  } finally {
    watch.close()
  }
}

const round = async (
  world: World,
  seconds: number,
  connections: number,
  step: (connection: Connection) => Promise<boolean>,
): Promise<LoadResult> => {
  const result = await runLoad({ port: world.app.port, connections, seconds, step })
  if (result.errors.length > 0) throw new Error(`${result.errors.length} requests failed: ${result.errors[0]}`)
  await settle(world)
  return result
}

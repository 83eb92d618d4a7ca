import pg from 'pg'
import { makeDir, removeDir, startApp } from './app-process.ts'
import { type Connection, openConnection, post } from './http-client.ts'
import { type LoadResult, requireOk, runLoad } from './load.ts'
import { cpuSeconds } from './machine.ts'
import { startBareServer } from './precheckout-bare.ts'
import { startSilence, startTelegram, type Telegram } from './precheckout-telegram.ts'
import { speeds, spread, table } from './statistics.ts'
import { measure, openWorld, type Settings, settle, type World, whilePaused } from './world.ts'

const invoices = 200
/** A new process compiles its code first: its first round is told apart, the second one not at all. */
const warmUps = 2
const token = '700:AAbench'
const secret = 'the_secret_token_of_the_bench'

/** Processor time per question in milliseconds until all are answered; `laterMs`: what follows, until all is told. */
interface Cost {
  serviceMs: number
  postgresMs: number
  laterMs: number
}

interface Question {
  id: string
  request: string
}

/**
 * From Telegram's question until its 200 and our answer have both arrived: it gives ten seconds, thinking included.
 * Telegram and the payers are this process; the baseline is a process of its own, on the same PostgreSQL.
 */
export const benchPrecheckout = async (settings: Settings): Promise<string> => {
  await using stack = new AsyncDisposableStack()
  const telegram = await startTelegram()
  stack.defer(telegram.close)
  const dir = await makeDir()
  stack.defer(() => removeDir(dir))
  const app = await startApp(dir, undefined, { TELEGRAM_API_BASE: telegram.url })
  stack.defer(app.stop)
  const world = await openWorld(app, settings, { left: 6, until: settings.quick ? 0 : Date.now() + 60_000 })
  stack.defer(() => world.database.end())
  const bare = await startBareServer(app.databaseUrl, telegram.url)
  stack.defer(bare.stop)
  const setup = await openConnection(app.port)
  stack.defer(() => setup.close())
  const path = await connectBot(world, setup)
  const rounds = { app: [] as (LoadResult & Cost)[], bare: [] as LoadResult[] }
  for (let n = 0; n < warmUps + settings.rounds; n++) {
    const measured = n < warmUps ? <T>(_: World, run: () => Promise<T>) => run() : measure
    rounds.app.push(await measured(world, () => appRound(world, telegram, setup, path)))
    if (n === 0) await analyze(app.databaseUrl)
    const ids = Array.from({ length: invoices }, () => crypto.randomUUID())
    await bare.prepare(ids)
    const questions = ids.map((id) => questionOf('/', id, 0))
    rounds.bare.push(await whilePaused(world, () => measured(world, () => ask(telegram, bare.port, questions))))
  }
  const silence = await startSilence()
  stack.defer(silence.close)
  await call(world, setup, '/v1/connections', { channel: 'veto', settings: { url: silence.url, default: 'allow' } })
  const hanging = await appRound(world, telegram, setup, path)
  return report(rounds.app, rounds.bare, hanging)
}

const appRound = async (
  world: World,
  telegram: Telegram,
  setup: Connection,
  path: string,
): Promise<LoadResult & Cost> => {
  const questions: Question[] = []
  for (let n = 0; n < invoices; n++) {
    const { id = '' } = await call(world, setup, '/v1/payment_intents', { amount: 1234, currency: 'eur' })
    questions.push(questionOf(path, id, n))
  }
  await settle(world)
  const { pid, postmasterPid } = world.app
  // The service's processor time with that of its children, which PostgreSQL is one of.
  const cpu = () => ({ all: cpuSeconds(pid), postgres: cpuSeconds(postmasterPid) })
  const before = cpu()
  const result = await ask(telegram, world.app.port, questions)
  const after = cpu()
  await settle(world)
  const each = 1000 / result.done
  const postgresMs = (after.postgres - before.postgres) * each
  return {
    ...result,
    postgresMs,
    serviceMs: (after.all - before.all) * each - postgresMs,
    laterMs: (cpu().all - after.all) * each,
  }
}

const ask = async (telegram: Telegram, port: number, questions: readonly Question[]): Promise<LoadResult> => {
  const left = [...questions]
  const step = async (client: Connection): Promise<boolean> => {
    const question = left.pop()
    if (!question) return false
    const [reply, refusal] = await Promise.all([client.send(question.request), telegram.answered(question.id)])
    requireOk(reply)
    if (refusal !== undefined) throw new Error(refusal)
    return true
  }
  const result = await runLoad({ port, connections: invoices, seconds: 30, step })
  if (result.errors.length > 0) throw new Error(`${result.errors.length} questions failed: ${result.errors[0]}`)
  return result
}

/** As autovacuum does within the minute. */
const analyze = async (connectionString: string): Promise<void> => {
  const owner = new pg.Client({ connectionString })
  await owner.connect()
  await owner.query('analyze')
  await owner.end()
}

const connectBot = async (world: World, setup: Connection): Promise<string> => {
  const connection = { channel: 'telegram', settings: { psp: 'other' } }
  const secrets = { bot_token: token, secret_token: secret, provider_token: 'BENCH' }
  const { webhook_url: url = '' } = await call(world, setup, '/v1/connections', { ...connection, secrets })
  return new URL(url).pathname
}

const call = async ({ app }: World, setup: Connection, path: string, body: object): Promise<Record<string, string>> => {
  const headers = { Authorization: `Bearer ${app.key}`, 'Content-Type': 'application/json' }
  return JSON.parse(requireOk(await setup.send(post(path, headers, JSON.stringify(body)))))
}

let updates = 1

const questionOf = (path: string, payload: string, n: number): Question => {
  const id = `question-${updates++}`
  const from = { id: 1000 + n, is_bot: false, first_name: 'A' }
  const query = { id, from, currency: 'EUR', total_amount: 1234, invoice_payload: payload }
  const body = JSON.stringify({ update_id: updates, pre_checkout_query: query })
  const headers = { 'Content-Type': 'application/json', 'X-Telegram-Bot-Api-Secret-Token': secret }
  return { id, request: post(path, headers, body) }
}

const report = (all: readonly (LoadResult & Cost)[], allBare: readonly LoadResult[], hanging: LoadResult): string => {
  const [app, bare] = [all.slice(warmUps), allBare.slice(warmUps)]
  const rows = [
    ['question → answer', ...speeds(app)],
    ['bare Express, one indexed update', ...speeds(bare)],
    ['the first of a new process', ...speeds(all.slice(0, 1))],
    ["the merchant's endpoint hangs", ...speeds([hanging])],
  ]
  const ratios = app.flatMap(({ p99 }, n) => (bare[n] ? [p99 / bare[n].p99] : []))
  const ms = (name: keyof Cost) =>
    spread(
      app.map((round) => round[name]),
      2,
    )
  return [
    `### Pre-checkout (${invoices} invoices of one merchant at once)`,
    '',
    table(['', 'per second', 'p50 ms', 'p99 ms'], rows),
    '',
    `Goal: p99 < 300 ms, and never the ten seconds (the endpoint has three). It takes ${spread(ratios, 2)} times as long as the bare server, which calls Telegram like us.`,
    `Processor time per question until all were answered: service ${ms('serviceMs')} ms, PostgreSQL ${ms('postgresMs')} ms; what follows from it: ${ms('laterMs')} ms.`,
  ].join('\n')
}

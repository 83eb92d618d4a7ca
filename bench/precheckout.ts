import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { makeDir, removeDir, startApp } from './app-process.ts'
import { openConnection, post } from './http-client.ts'
import { type LoadResult, requireOk, runLoad } from './load.ts'
import { speeds, table } from './statistics.ts'
import type { Settings } from './world.ts'

const invoices = 200
const token = '700:AAbench'
const secret = 'the_secret_token_of_the_bench'

/** From Telegram's question until our answer has reached Telegram: it gives ten seconds, thinking included. */
export const benchPrecheckout = async ({ rounds }: Settings): Promise<string> => {
  await using stack = new AsyncDisposableStack()
  const telegram = await startTelegram()
  stack.defer(telegram.close)
  const dir = await makeDir()
  stack.defer(() => removeDir(dir))
  const app = await startApp(dir, undefined, { TELEGRAM_API_BASE: telegram.url })
  stack.defer(app.stop)
  const setup = await openConnection(app.port)
  stack.defer(() => setup.close())
  const ask = async (path: string, body: object): Promise<Record<string, string>> => {
    const headers = { Authorization: `Bearer ${app.key}`, 'Content-Type': 'application/json' }
    const answer = await setup.send(post(path, headers, JSON.stringify(body)))
    requireOk(answer)
    return JSON.parse(answer.body)
  }
  const connection = { channel: 'telegram', settings: { psp: 'other' } }
  const secrets = { bot_token: token, secret_token: secret, provider_token: 'BENCH' }
  const { webhook_url: url = '' } = await ask('/v1/connections', { ...connection, secrets })
  const results: LoadResult[] = []
  // The first round warms up what the others measure.
  for (let round = 0; round <= rounds; round++) {
    const questions: { id: string; request: string }[] = []
    for (let n = 0; n < invoices; n++) {
      const { id = '' } = await ask('/v1/payment_intents', { amount: 1234, currency: 'eur' })
      questions.push(questionOf(new URL(url).pathname, id, `${round}-${n}`, n))
    }
    const step: Parameters<typeof runLoad>[0]['step'] = async (client) => {
      const question = questions.pop()
      if (!question) return false
      const answered = telegram.answered(question.id)
      const [reply, refusal] = await Promise.all([client.send(question.request), answered])
      requireOk(reply)
      if (refusal !== undefined) throw new Error(refusal)
      return true
    }
    const result = await runLoad({ port: app.port, connections: invoices, seconds: 30, step })
    if (result.errors.length > 0) throw new Error(`${result.errors.length} questions failed: ${result.errors[0]}`)
    if (round > 0) results.push(result)
  }
  const rows = [[`question → answer, ${invoices} invoices at once`, ...speeds(results)]]
  return ['### Pre-checkout', '', table(['', 'per second', 'p50 ms', 'p99 ms'], rows)].join('\n')
}

const questionOf = (path: string, payload: string, id: string, n: number) => {
  const from = { id: 1000 + n, is_bot: false, first_name: 'A' }
  const query = { id, from, currency: 'EUR', total_amount: 1234, invoice_payload: payload }
  const body = JSON.stringify({ update_id: Number(`${Date.now()}`.slice(-9)) + n, pre_checkout_query: query })
  const headers = { 'Content-Type': 'application/json', 'X-Telegram-Bot-Api-Secret-Token': secret }
  return { id, request: post(path, headers, body) }
}

interface Answer {
  pre_checkout_query_id?: string
  ok?: boolean
  error_message?: string
}

/** The Bot API as far as answers go: it takes them, and tells when they came. */
const startTelegram = async () => {
  const waiting = new Map<string, (refusal: string | undefined) => void>()
  const server = createServer(async (request, response) => {
    const body = JSON.parse((await text(request)) || '{}') as Answer
    const isQuestion = request.url?.endsWith('/getMe')
    const result = isQuestion ? { id: 700, is_bot: true, first_name: 'Bench', username: 'bench_bot' } : true
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: true, result }))
    waiting.get(body.pre_checkout_query_id ?? '')?.(body.ok ? undefined : (body.error_message ?? 'refused'))
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered: (id: string) => new Promise<string | undefined>((resolve) => waiting.set(id, resolve)),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

interface Answer {
  pre_checkout_query_id?: string
  ok?: boolean
  error_message?: string
}

export type Telegram = Awaited<ReturnType<typeof startTelegram>>

/** The Bot API as far as answers go: it takes them, and tells when they came. */
export const startTelegram = async () => {
  const waiting = new Map<string, (refusal: string | undefined) => void>()
  const server = createServer(async (request, response) => {
    const body = JSON.parse((await text(request)) || '{}') as Answer
    const isQuestion = request.url?.endsWith('/getMe')
    const result = isQuestion ? { id: 700, is_bot: true, first_name: 'Bench', username: 'bench_bot' } : true
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: true, result }))
    const id = body.pre_checkout_query_id ?? ''
    waiting.get(id)?.(body.ok ? undefined : (body.error_message ?? 'refused'))
    waiting.delete(id)
  })
  server.keepAliveTimeout = 60_000
  return {
    ...(await listen(server)),
    answered: (id: string) => new Promise<string | undefined>((resolve) => waiting.set(id, resolve)),
  }
}

/** A merchant's endpoint that takes every question and never answers. */
export const startSilence = () => listen(createServer(() => undefined))

const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

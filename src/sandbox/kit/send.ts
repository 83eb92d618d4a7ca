import http from 'node:http'
import https from 'node:https'

const SOCKETS = { keepAlive: true, maxSockets: 16, timeout: 60_000 }

export type Attempt = { status: number | null; error: string | null }
export type Sender = {
  /** One POST of a notification. Redirects are not followed: they count as failures. */
  send(url: string, body: string, headers: Record<string, string>): Promise<Attempt>
  /** Cuts off what is under way; those attempts count as failed. */
  close(): void
}

export function createSender(timeoutMs: number): Sender {
  const agents = { http: new http.Agent(SOCKETS), https: new https.Agent(SOCKETS) }
  return {
    send: (url, body, headers) =>
      new Promise((resolve) => {
        const target = new URL(url)
        const [client, agent] = target.protocol === 'https:' ? [https, agents.https] : [http, agents.http]
        const length = { 'content-length': Buffer.byteLength(body) }
        const request = client.request(target, { method: 'POST', agent, headers: { ...length, ...headers } })
        const deadline = setTimeout(() => request.destroy(new Error('timed out')), timeoutMs)
        const finish = (status: number | null, error: string | null) => {
          clearTimeout(deadline)
          resolve({ status, error })
        }
        request.on('response', (response) => {
          response.resume()
          response.on('end', () => finish(response.statusCode ?? null, null))
          response.on('error', (error) => finish(null, error.message))
        })
        request.on('error', (error) => finish(null, error.message))
        request.end(body)
      }),
    close() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadContractCheck, noSpec } from '../sandbox/wechatpay-spec.ts'

const check = noSpec ? null : loadContractCheck()

/** Hosts and files that are no API, and the part of it that nobody has published. */
const isDescribed = (path: string) => !path.startsWith('/billdownload') && !path.startsWith('/v3/merchant-service/')

/**
 * Stands between the adapter and the simulator, holds every request against the published description, and passes on
 * exactly the bytes that came, for they are signed. `complaints`: what was wrong with them.
 */
export const openCheckedWire = async (target: string) => {
  const complaints: string[] = []
  const seen = new Set<string>()
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const { method = '', url = '' } = request
    const [path = ''] = url.split('?')
    if (isDescribed(path)) {
      seen.add(`${method} ${path.replace(/(op_|pi_|42000|REF)[^/]*/, '…')}`)
      const complaint = body.length > 0 && check?.('request', method, path, JSON.parse(body.toString()))
      if (complaint) complaints.push(complaint)
    }
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers
    const answer = await fetch(target + url, {
      method,
      headers: headers as Record<string, string>,
      ...(body.length > 0 ? { body } : {}),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    response.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => isPassedOn(name))))
    response.end(bytes)
  }
  const server = createServer((request, response) => {
    // An answer that was lost behind us is lost before us.
    pass(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    complaints,
    seen,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const isPassedOn = (name: string): boolean => !['connection', 'transfer-encoding', 'content-encoding'].includes(name)

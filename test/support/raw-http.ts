import assert from 'node:assert/strict'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { errorCatalogue } from '#kernel/error-catalogue.ts'

export interface RawRequest {
  method?: string
  /** Goes out as it is, escapes and all. */
  path: string
  headers?: Record<string, string>
  body?: string | Uint8Array
}

export interface RawAnswer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

/** HTTP without a client that would repair or refuse what we want to send. */
export const sendRaw = (url: string, { method = 'GET', path, headers = {}, body }: RawRequest): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const sending = request({ hostname, port, method, path, headers, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      response.on('error', reject)
    })
    sending.on('error', reject)
    sending.end(body)
  })

export interface ErrorObject {
  type: string
  code: keyof typeof errorCatalogue
  message: string
  param?: string
  doc_url: string
  [more: string]: unknown
}

const internals =
  /\bat .+:\d+:\d+|node_modules|select .+ from|insert into|syntax error at|violates|duplicate key|SQLSTATE|undefined|\[object/i

/** Holds an answer of status 4xx/5xx to Stripe's envelope and to our catalogue, and gives what is in it. */
export const readError = (answer: Pick<RawAnswer, 'status' | 'headers' | 'text'>): ErrorObject => {
  assert.match(String(answer.headers['content-type']), /^application\/json/, answer.text.slice(0, 200))
  const { error } = JSON.parse(answer.text) as { error: ErrorObject }
  const entry = errorCatalogue[error.code]
  assert.ok(entry, `${error.code} is not in the catalogue`)
  assert.deepEqual([answer.status, error.type], [entry.status, entry.type], error.code)
  assert.equal(typeof error.message, 'string')
  assert.ok(error.message.length > 0)
  assert.doesNotMatch(error.message, internals)
  assert.ok(error.doc_url.endsWith(`/docs/errors/${error.code}`), error.doc_url)
  assert.match(String(answer.headers['request-id']), /^req_[0-9a-z]{26}$/)
  return error
}

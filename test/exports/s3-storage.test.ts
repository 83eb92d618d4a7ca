import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import { AwsV4Signer } from 'aws4fetch'
import { asked, bytesOf, createAndRun, createExportKit, download } from './export-kit.ts'

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'a secret', region: 'eu-central-1', service: 's3' }
const objects = new Map<string, Buffer>()
let isFull = false
beforeEach(() => {
  isFull = false
})

/** As much of S3 as an export needs: it checks the signature and the digest of everything. */
const server = createServer(async (request, response) => {
  const body = await bytesOf(request)
  const path = request.url ?? ''
  const answer = (status: number, content: Uint8Array | string = '') => response.writeHead(status).end(content)
  const said = String(request.headers['x-amz-content-sha256'])
  const names = /SignedHeaders=([^,]+)/.exec(String(request.headers.authorization))?.[1]?.split(';') ?? []
  const signer = new AwsV4Signer({
    ...credentials,
    method: request.method ?? '',
    url: `http://${request.headers.host}${path}`,
    headers: Object.fromEntries(
      names.filter((name) => name !== 'host').map((name) => [name, String(request.headers[name])]),
    ),
    datetime: String(request.headers['x-amz-date']),
  })
  const signed = await signer.sign()
  if (signed.headers.get('authorization') !== request.headers.authorization) return answer(403, 'SignatureDoesNotMatch')
  if (request.method === 'PUT') {
    if (isFull) return answer(507, '<Error><Code>XMinioStorageFull</Code></Error>')
    if (createHash('sha256').update(body).digest('hex') !== said) return answer(400, 'XAmzContentSHA256Mismatch')
    if (request.headers['content-length'] !== String(body.length)) return answer(411, 'MissingContentLength')
    objects.set(path, body)
    return answer(200)
  }
  const object = objects.get(path)
  if (!object) return answer(404)
  if (request.method === 'DELETE') return answer(objects.delete(path) ? 204 : 404)
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers.range)) ?? []
  return answer(206, object.subarray(Number(from), Number(to) + 1))
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
after(() => server.close().closeAllConnections())

const kit = await createExportKit()
const merchant = await kit.newMerchant()
await kit.book(merchant, 60)
const storage = {
  kind: 's3',
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/books`,
  ...credentials,
} as const
const service = kit.service({ storage, partSeqs: 25 })

test('a bucket keeps an object for each part, signed and with its digest, and serves ranges', async () => {
  const { id, uuid, view } = await createAndRun(service, merchant)
  assert.equal(view.status, 'succeeded')
  assert.deepEqual(
    [...objects.keys()],
    [1, 2, 3].map((number) => `/books/exports/${merchant}/${uuid}/${number}`),
  )
  const file = await download(service, merchant, id)
  assert.ok(file.equals(await bytesOf((await service.stream(merchant, asked())).chunks)))
  const sizes = [...objects.values()].map(({ length }) => length)
  const from = (sizes[0] ?? 0) - 5
  const range = await service.download(merchant, id, (name) =>
    name === 'range' ? `bytes=${from}-${from + 9}` : undefined,
  )
  assert.ok((await bytesOf(range.chunks)).equals(file.subarray(from, from + 10)), 'across two objects')
  kit.clock.advance(8 * 86_400_000)
  await service.expire()
  assert.equal(objects.size, 0)
})

test('a full bucket is waited for', async () => {
  isFull = true
  const { id, uuid, view } = await createAndRun(service, merchant)
  assert.deepEqual([view.status, view.error?.code], ['running', 'export_storage_full'])
  isFull = false
  kit.clock.advance(6000)
  await service.run(merchant, uuid)
  assert.equal((await service.retrieve(merchant, id)).status, 'succeeded')
})

test('a wrong secret is no success', async () => {
  const wrong = kit.service({ storage: { ...storage, secretAccessKey: 'another' }, partSeqs: 25 })
  const { view } = await createAndRun(wrong, merchant)
  assert.deepEqual([view.status, view.error?.code, view.progress.parts_done], ['running', 'internal_error', 0])
})

import { createHash, randomUUID } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { writeDraft } from './folder-storage-service.ts'
import type { ExportFiles, ExportKey, ExportStorage } from './storage-service.ts'

const callMaxMs = 300_000

/** Any S3 API, path style. A part is put aside in a temporary file first: a signed PUT says length and digest ahead. */
export const createS3Files = (storage: ExportStorage & { kind: 's3' }): ExportFiles => {
  const { accessKeyId, secretAccessKey, region } = storage
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 3 })
  const urlOf = ({ merchantId, exportId }: ExportKey, number: number): string =>
    `${storage.url}/exports/${merchantId}/${exportId}/${number}`
  const call = async (url: string, init: RequestInit, expected: readonly number[]): Promise<Response> => {
    const response = await client.fetch(url, { ...init, signal: AbortSignal.timeout(callMaxMs) })
    if (expected.includes(response.status)) return response
    const text = (await response.text()).slice(0, 300)
    const error = new Error(`the bucket answered ${init.method} ${url} with ${response.status}: ${text}`)
    // 507: what servers of one's own disk answer when it is full.
    throw response.status === 507 || /<Code>\w*(StorageFull|QuotaExceeded)/.test(text)
      ? Object.assign(error, { code: 'ENOSPC' })
      : error
  }
  return {
    put: async (key, number, chunks) => {
      const draft = join(tmpdir(), `parley-export-${randomUUID()}`)
      const hash = createHash('sha256')
      try {
        await writeDraft(draft, hashed(chunks, hash))
        const headers = { 'x-amz-content-sha256': hash.digest('hex') }
        await call(urlOf(key, number), { method: 'PUT', headers, body: await openAsBlob(draft) }, [200])
      } finally {
        await rm(draft, { force: true })
      }
    },
    get: async function* (key, number, from, to) {
      const headers = { range: `bytes=${from}-${to - 1}` }
      const { body } = await call(urlOf(key, number), { method: 'GET', headers }, [206])
      if (body) yield* body
    },
    remove: async (key, parts) => {
      for (let number = 1; number <= parts; number++)
        await call(urlOf(key, number), { method: 'DELETE' }, [200, 204, 404])
    },
  }
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}

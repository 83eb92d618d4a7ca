import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync, zstdCompressSync } from 'node:zlib'
import { verifyDatabase, verifyFile } from '../../src/main-ledger.ts'
import { createWorld } from '../support/world.ts'

test('what a merchant downloads is verified without the service, and the service against its database', async () => {
  await using world = await createWorld()
  const stripe = world.stripe()
  for (const amount of [4200, 700]) {
    await stripe.paymentIntents.create({
      amount,
      currency: 'eur',
      confirm: true,
      payment_method: 'pm_card_visa',
      return_url: 'https://shop.example/',
    })
  }
  await world.settle()
  assert.equal(await world.app.services.sealer.catchUp(world.shop.uuid, 20_000), true)
  const answer = await fetch(`${world.url}/v1/exports/stream?format=jsonl`, {
    headers: { authorization: `Bearer ${world.shop.keys.finance}` },
  })
  assert.equal(answer.status, 200)
  const bytes = Buffer.from(await answer.arrayBuffer())
  const text = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes
  const dir = await mkdtemp(join(tmpdir(), 'parley-verify-'))
  try {
    const lines: string[] = []
    const output = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) }
    const path = join(dir, 'journal.jsonl.zst')
    await writeFile(path, zstdCompressSync(text))
    assert.equal(await verifyFile(path, { manifest: undefined, fromHash: undefined }, output), true, lines.join('\n'))
    const { body } = await world.request('finance').get('/v1/ledger/seals/head')
    assert.ok(body.seq >= 4)
    assert.match(lines.join(), new RegExp(`ok: seals 1 to ${body.seq}, head ${body.hash}$`))
    assert.equal(answer.headers.get('parley-as-of-seq'), String(body.seq))

    assert.equal(await verifyDatabase(world.app.db, new Map(), output), true, lines.join('\n'))

    const manifest = join(dir, 'manifest.json')
    const said = {
      from_seq: 0,
      as_of_seq: 1,
      chain_head: { hash: '' },
      spec: { filter: { currency: 'eur', kind: null } },
    }
    await writeFile(manifest, JSON.stringify(said))
    await assert.rejects(verifyFile(path, { manifest, fromHash: undefined }, output), /is narrowed \(currency\)/)
  } finally {
    await rm(dir, { recursive: true })
  }
})

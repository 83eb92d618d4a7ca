import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { rotateKeys } from '#connections/rotate-service.ts'
import { secretContext } from '#connections/secret-service.ts'
import { createKeyRing } from '#platform/key-ring.ts'
import { parseEnvironment } from '../../src/config.ts'
import { rotateConnections } from '../../src/main-connections.ts'
import { createFakePlatform } from '../channels/fake-channel.ts'
import { createWorld, type World } from '../support/world.ts'

const secret = 'a secret of at least thirty-two characters'
const key = (id: string) => ({ id, key: randomBytes(32) })
const [old, fresh] = [key('2026-01'), key('2026-11')]

describe('the key ring', () => {
  const ring = createKeyRing({ keys: [old], secret })
  const sealed = ring.seal('{"token":"abc"}', 'row 1')

  test('opens what it sealed, in its own row only', () => {
    assert.equal(ring.open(sealed, 'row 1'), '{"token":"abc"}')
    assert.throws(() => ring.open(sealed, 'row 2'))
  })
  test('one flipped bit, anywhere, and it does not open', () => {
    for (let index = 0; index < sealed.bytes.length; index++) {
      const bytes = Buffer.from(sealed.bytes)
      bytes[index] = (bytes[index] ?? 0) ^ 1
      assert.throws(() => ring.open({ ...sealed, bytes }, 'row 1'), `byte ${index}`)
    }
  })
  test('wrapped anew, the value itself is not touched', () => {
    const both = createKeyRing({ keys: [fresh, old], secret })
    const turned = both.rewrap(sealed, 'row 1')
    assert.equal(turned.keyId, '2026-11')
    assert.deepEqual(turned.bytes.subarray(61), sealed.bytes.subarray(61))
    assert.equal(createKeyRing({ keys: [fresh], secret }).open(turned, 'row 1'), '{"token":"abc"}')
  })
  test('a key that is gone is named', () => {
    assert.throws(() => createKeyRing({ keys: [fresh], secret }).open(sealed, 'row 1'), /no key '2026-01'/)
    const derived = createKeyRing({ keys: [], secret }).seal('x', 'row')
    assert.equal(createKeyRing({ keys: [fresh], secret }).open(derived, 'row'), 'x')
    assert.throws(() => createKeyRing({ keys: [], secret: 'another' }).open(derived, 'row'), /no key 'secret\./)
  })
  test('CONNECTIONS_KEYS is parsed, and a wrong one is named', () => {
    const hex = old.key.toString('hex')
    const { CONNECTIONS_KEYS: keys } = parseEnvironment({ CONNECTIONS_KEYS: `b:${hex},a:${hex}` })
    assert.deepEqual(
      keys?.map((one) => [one.id, one.key.length]),
      [
        ['b', 32],
        ['a', 32],
      ],
    )
    for (const wrong of [hex, `a:${hex.slice(1)}`, `a:${hex},a:${hex}`, `a b:${hex}`])
      assert.throws(() => parseEnvironment({ CONNECTIONS_KEYS: wrong }), /CONNECTIONS_KEYS/)
  })
})

describe('rotation', () => {
  let world: World
  before(async () => {
    const { channels } = createFakePlatform()
    world = await createWorld({ work: false, config: { connectionsKeys: [old] }, overrides: { channels } })
  })
  after(() => world[Symbol.asyncDispose]())

  const countByKey = async (): Promise<Record<string, number>> => {
    const { rows } = await sql<{ key: string; n: bigint }>`
      select secrets_key as key, count(*) as n from connections group by 1 order by 1`.execute(world.app.db.maintenance)
    return Object.fromEntries(rows.map((row) => [row.key, Number(row.n)]))
  }
  const add = async (count: number, shop = world.shop): Promise<void> => {
    const scope = { merchantId: shop.uuid, livemode: false }
    for (let index = 0; index < count; index++)
      await world.app.services.connections.insertConnection(scope, 'telegram', {
        externalId: `bot-${index}`,
        name: 'Bot',
        settings: {},
        secrets: { token: `token ${index} of ${shop.id}`, app_secret: 's' },
      })
  }

  test('killed half-way it goes on where it stopped, over all merchants, and everything opens', async () => {
    const other = await world.openShop()
    await add(130)
    await add(20, other)
    const both = createKeyRing({ keys: [fresh, old], secret })
    const run = rotateKeys(world.app.db, both)
    assert.equal((await run.next()).value?.rewrapped, 100)
    await run.return(undefined)
    assert.deepEqual(await countByKey(), { '2026-01': 50, '2026-11': 100 })
    const lines: string[] = []
    const output = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) }
    assert.equal(await rotateConnections(world.app.db, both, output), true)
    assert.match(lines.at(-1) ?? '', /^Done: 50 wrapped anew with '2026-11'/)
    assert.deepEqual(await countByKey(), { '2026-11': 150 })
    const only = createKeyRing({ keys: [fresh], secret })
    const rows = await world.app.db.maintenance.selectFrom('connections').selectAll().execute()
    for (const row of rows) {
      const opened = only.open({ bytes: row.secrets, keyId: row.secrets_key }, secretContext(row))
      assert.match(opened, /"token \d+ of mer_/)
    }
    assert.equal(await rotateConnections(world.app.db, both, output), true)
    assert.match(lines.at(-1) ?? '', /^Done: 0 wrapped/)
  })

  test('a row that no key opens is named, and the others are wrapped all the same', async () => {
    const lost = createKeyRing({ keys: [key('lost')], secret })
    const row = await world.app.db.maintenance
      .selectFrom('connections')
      .select(['merchant_id', 'id'])
      .where('merchant_id', '=', world.shop.uuid)
      .executeTakeFirstOrThrow()
    const { bytes } = lost.seal('{}', secretContext(row))
    await world.app.db.app.transaction().execute(async (tx) => {
      await sql`select set_config('parley.merchants', ${row.merchant_id}, true)`.execute(tx)
      await tx
        .updateTable('connections')
        .set({ secrets: bytes, secrets_key: 'lost' })
        .where('merchant_id', '=', row.merchant_id)
        .where('id', '=', row.id)
        .execute()
    })
    const next = createKeyRing({ keys: [key('2027-01'), fresh, old], secret })
    const errors: string[] = []
    const output = { out: () => undefined, err: (line: string) => errors.push(line) }
    assert.equal(await rotateConnections(world.app.db, next, output), false)
    assert.equal(errors.length, 1)
    assert.match(errors[0] ?? '', /^con_\w+ {2}stays under the key 'lost'/)
    assert.deepEqual(await countByKey(), { '2027-01': 149, lost: 1 })
  })
})

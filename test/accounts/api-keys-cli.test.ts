import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { newUuid, showId } from '#kernel/ids.ts'
import { merchantOfKey } from '#platform/api-keys.ts'
import type { Database } from '#platform/database.ts'
import { runCommand } from '../../src/main-api-keys.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld({ work: false })
})
after(() => world[Symbol.asyncDispose]())

/** The real program, as `npm run api-keys --` starts it. */
const run = (args: string[], databaseUrl = world.databaseUrl) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = { ...process.env, DATABASE_URL: databaseUrl }
    execFile(process.execPath, ['src/main-api-keys.ts', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })

const statusOf = async (key: string) =>
  (await fetch(`${world.url}/v1/threads`, { headers: { authorization: `Bearer ${key}` } })).status

describe('npm run api-keys', () => {
  test('makes a merchant and a key whose secret is all of stdout', async () => {
    const { code, stdout, stderr } = await run(['create', '--merchant-name', 'Blüte', '--role', 'service'])
    assert.equal(code, 0, stderr)
    const secret = stdout.trim()
    assert.match(secret, /^par_test_svc_\w{55}$/)
    assert.ok(!stderr.includes(secret))
    assert.equal(stderr.match(/mer_\w+/)?.[0], showId('merchant', merchantOfKey(secret) ?? ''))
    assert.equal(await statusOf(secret), 200)
  })

  test('makes a live key for a merchant that exists, lists it, revokes it', async () => {
    const made = await run(['create', '--merchant', world.shop.id, '--role', 'bot', '--name', 'Telegram', '--live'])
    assert.match(made.stdout, /^par_live_bot_/)
    const id = made.stderr.match(/key_\w+/)?.[0] ?? ''
    const listed = await run(['list', '--merchant', world.shop.id])
    const line = listed.stdout.split('\n').find((one) => one.startsWith(id)) ?? ''
    assert.match(line, /bot .* live .* valid .*Telegram$/)
    assert.ok(!listed.stdout.includes(made.stdout.trim()))
    const revoked = await run(['revoke', id])
    assert.equal(revoked.code, 0, revoked.stderr)
    assert.match(revoked.stderr, /ends \d{4}-/)
    assert.equal(await statusOf(made.stdout.trim()), 401)
  })

  test('says in one sentence what is wrong, and how it is used', async () => {
    const wrong: [string[], RegExp][] = [
      [['create', '--role', 'bot'], /either --merchant mer_… or --merchant-name/],
      [['create', '--merchant', world.shop.id, '--merchant-name', 'x', '--role', 'bot'], /either/],
      [['create', '--merchant-name', 'x', '--role', 'root'], /--role must be one of service, merchant/],
      [['create', '--merchant', 'mer_1', '--role', 'bot'], /must be a merchant's id/],
      [['list'], /must be a merchant's id/],
      [['revoke', 'mer_1'], /revoke key_…/],
      [['delete'], /Unknown command: delete/],
      [['list', '--merchand', 'x'], /merchand/],
      [['create', 'bot'], /Not understood: bot/],
    ]
    const untouched = new Proxy({} as Database, { get: () => assert.fail('the database was asked') })
    const output = { out: () => assert.fail('something went out'), err: () => undefined }
    for (const [args, message] of wrong) {
      await assert.rejects(runCommand(args, untouched, output), (error: Error) => {
        assert.match(error.message, message)
        return /Usage:/.test(error.message)
      })
    }
    const { code, stdout, stderr } = await run(['delete'])
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /Usage:/)
  })

  test('tells what does not exist, without a stack trace', async () => {
    const gone: [string[], RegExp][] = [
      [['create', '--merchant', showId('merchant', newUuid()), '--role', 'bot'], /^No such merchant: mer_/],
      [['revoke', showId('apiKey', newUuid())], /^No such key: key_/],
    ]
    for (const [args, message] of gone) {
      const { code, stderr } = await run(args)
      assert.equal(code, 1)
      assert.match(stderr.trim(), message)
      assert.doesNotMatch(stderr, / at .*\.ts/)
    }
    const { code, stderr } = await run(['list', '--merchant', world.shop.id], 'postgres://127.0.0.1:1/none')
    assert.equal(code, 1)
    assert.match(stderr, /The database does not answer/)
  })

  test('explains itself when asked', async () => {
    const { code, stdout } = await run(['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /npm run api-keys -- revoke/)
  })
})

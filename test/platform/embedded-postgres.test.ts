import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Client } from 'pg'
import { startEmbeddedPostgres } from '#platform/embedded-postgres.ts'

describe('the embedded PostgreSQL of `npm start`', () => {
  // mkdtemp makes it 0700: as root, the user id that PostgreSQL runs under cannot enter it without help.
  const dir = join(mkdtempSync(join(tmpdir(), 'parley-test-')), 'deep', '.parley')
  after(() => rmSync(dirname(dirname(dir)), { recursive: true, force: true }))

  test('starts in a folder that only its owner may enter, and keeps data, passwords and port', async () => {
    const first = await startEmbeddedPostgres({ dir })
    assert.equal(first.adopted, false)
    await query(first.databaseUrl, 'create table kept (n int)', 'insert into kept values (42)')
    await first.stop()
    await using second = await startEmbeddedPostgres({ dir })
    assert.equal(second.databaseUrl, first.databaseUrl)
    assert.deepEqual(await query(second.databaseUrl, 'select n from kept'), [{ n: 42 }])
    if (process.platform !== 'win32') assert.equal(statSync(join(dir, 'postgres.json')).mode & 0o077, 0)
  })

  test('the login is bound by row-level security and may make roles and databases', async () => {
    await using server = await startEmbeddedPostgres({ dir })
    const sql = `select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user`
    assert.deepEqual(await query(server.databaseUrl, sql), [
      { rolname: 'parley', rolsuper: false, rolbypassrls: false, rolcreaterole: true, rolcreatedb: true },
    ])
    assert.deepEqual(await query(server.superuserUrl, 'select rolsuper from pg_roles where rolname = current_user'), [
      { rolsuper: true },
    ])
  })

  test('what it confirms is on disk, and text is UTF-8', async () => {
    await using server = await startEmbeddedPostgres({ dir })
    const sql = `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
      current_setting('server_encoding') as encoding, current_setting('data_checksums') as checksums`
    assert.deepEqual(await query(server.databaseUrl, sql), [
      { fsync: 'on', commit: 'on', encoding: 'UTF8', checksums: 'on' },
    ])
  })

  test('a second Parley on the same folder is told whom to stop', async () => {
    await using _server = await startEmbeddedPostgres({ dir })
    await assert.rejects(startEmbeddedPostgres({ dir }), (error: Error) => {
      assert.match(error.message, new RegExp(`in use by this process \\(pid ${process.pid}\\).*DATABASE_URL`))
      return !error.message.includes('\n')
    })
  })

  test('a lock whose pid now belongs to another process does not count', {
    skip: process.platform === 'win32',
  }, async () => {
    writeFileSync(join(dir, 'owner.lock'), JSON.stringify({ pid: process.ppid, started: 'before the last boot' }))
    await using server = await startEmbeddedPostgres({ dir })
    assert.equal(server.adopted, false)
  })

  test('a server that outlived its killed Node process is taken over, and stopped by stop()', async () => {
    const child = await startInChild(dir)
    const pid = postmasterPid(dir)
    await killHard(child.process)
    const server = await startEmbeddedPostgres({ dir })
    assert.equal(server.adopted, true)
    assert.equal(postmasterPid(dir), pid)
    assert.equal(server.databaseUrl, child.databaseUrl)
    await server.stop()
    assert.equal(existsSync(join(dir, 'postgres', 'postmaster.pid')), false)
  })

  test('after a kill -9 of everything, what was committed is there', async () => {
    const child = await startInChild(dir)
    await query(child.databaseUrl, 'create table survived (n int)', 'insert into survived values (1)')
    await killHard(child.process)
    process.kill(postmasterPid(dir), 'SIGKILL')
    await using server = await startEmbeddedPostgres({ dir })
    assert.equal(server.adopted, false)
    assert.deepEqual(await query(server.databaseUrl, 'select n from survived'), [{ n: 1 }])
  })

  test('a pid file that names a process which is no PostgreSQL is ignored', async () => {
    writeFileSync(join(dir, 'postgres', 'postmaster.pid'), `${process.ppid}\n${join(dir, 'postgres')}\n0\n1\n\n\n`)
    await using server = await startEmbeddedPostgres({ dir })
    assert.equal(server.adopted, false)
  })

  test('moves to another port when its own was taken meanwhile', async () => {
    const first = await startEmbeddedPostgres({ dir })
    await first.stop()
    const thief = createServer().listen(Number(new URL(first.databaseUrl).port), '127.0.0.1')
    await once(thief, 'listening')
    await using server = await startEmbeddedPostgres({ dir })
    thief.close()
    assert.notEqual(server.databaseUrl, first.databaseUrl)
    assert.deepEqual(await query(server.databaseUrl, 'select n from kept'), [{ n: 42 }])
  })

  test('Ctrl-C in the terminal does not reach it', { skip: process.platform === 'win32' }, async () => {
    const child = await startInChild(dir)
    const pid = postmasterPid(dir)
    if (child.process.pid) process.kill(-child.process.pid, 'SIGINT')
    await once(child.process, 'exit')
    await using server = await startEmbeddedPostgres({ dir })
    assert.equal(server.adopted, true)
    assert.equal(postmasterPid(dir), pid)
  })

  test('a data folder of another PostgreSQL version is left alone', async () => {
    const old = join(dirname(dir), 'old')
    mkdirSync(join(old, 'postgres'), { recursive: true })
    writeFileSync(join(old, 'postgres', 'PG_VERSION'), '15\n')
    await assert.rejects(startEmbeddedPostgres({ dir: old }), /written by PostgreSQL 15/)
  })
})

describe('an ephemeral PostgreSQL', () => {
  test('leaves nothing behind', async () => {
    const server = await startEmbeddedPostgres({ ephemeral: true })
    const sql = `select current_setting('data_directory') as path, current_setting('fsync') as fsync`
    const [row] = await query(server.superuserUrl, sql)
    assert.equal(row?.fsync, 'off')
    assert.equal(existsSync(dirname(String(row?.path))), true)
    await server.stop()
    assert.equal(existsSync(dirname(String(row?.path))), false)
  })

  test('of a killed run is cleared away by the next one', async () => {
    const child = await startInChild()
    const [row] = await query(child.superuserUrl, `select current_setting('data_directory') as path`)
    await killHard(child.process)
    await using _next = await startEmbeddedPostgres({ ephemeral: true })
    assert.equal(existsSync(dirname(String(row?.path))), false)
  })
})

/** A Node process of its own, in its own process group as a terminal would make one. */
async function startInChild(dir?: string) {
  const options = dir === undefined ? { ephemeral: true } : { dir }
  const script = `import { startEmbeddedPostgres } from '#platform/embedded-postgres.ts'
    console.log(JSON.stringify(await startEmbeddedPostgres(${JSON.stringify(options)})))
    setInterval(() => undefined, 1000)`
  const args = ['--input-type=module', '-e', script]
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  const urls: { databaseUrl: string; superuserUrl: string } = JSON.parse(String(line))
  return { process: child, ...urls }
}

async function killHard(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function postmasterPid(dir: string): number {
  return Number(readFileSync(join(dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
}

async function query(connectionString: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) ({ rows } = await client.query(statement))
    return rows
  } finally {
    await client.end()
  }
}

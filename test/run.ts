import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbeddedPostgres } from '#platform/embedded-postgres.ts'
import { check } from './runner/check.ts'
import { type CommandLine, parseCommandLine, selectTestFiles } from './runner/command-line.ts'
import { findPrograms, type Programs, versionOf } from './runner/programs.ts'
import { startRedis } from './runner/redis.ts'
import { createReport, type Report } from './runner/report.ts'
import { runFiles } from './runner/run-files.ts'

const fileLimitMs = 240_000
const quietMs = 15_000

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const report = createReport(console.log, process.env.PARLEY_FORBID_SKIPS === '1')
const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interruption.abort())
try {
  await main(parseCommandLine(process.argv.slice(2)))
} catch (error) {
  report.fail('the test run itself', error instanceof Error ? error.message : String(error))
}
if (interruption.signal.aborted) report.fail('interrupted', '')
process.exitCode = report.close()

/** Types, lint, downloads and PostgreSQL go on side by side; the tests begin when all of it is done. */
async function main(line: CommandLine): Promise<void> {
  const { signal } = interruption
  const files = selectTestFiles(process.cwd(), line.paths)
  await using started = new AsyncDisposableStack()
  const checks = line.isWhole ? [check('types', 'typescript', 'tsc', ['--noEmit'], signal), lint(signal)] : []
  const services = startServices(started, line.isWhole, signal)
  services.catch(() => undefined) // awaited below, after the checks have been told
  for (const { name, ms, isGood, output } of await Promise.all(checks)) {
    report.step(name, ms, isGood ? 'ok' : 'FAILED')
    isGood ? report.pass() : report.fail(name, output)
  }
  Object.assign(process.env, await services)
  const options = { limitMs: fileLimitMs, quietMs, namePattern: line.namePattern, signal }
  await runFiles(files, options, report.file)
}

function lint(signal: AbortSignal) {
  return check('lint', '@biomejs/biome', 'biome', ['check', '--error-on-warnings', '.'], signal)
}

async function startServices(started: AsyncDisposableStack, isWhole: boolean, signal: AbortSignal) {
  const [postgres, programs] = await Promise.all([
    timed('PostgreSQL', report, async () => started.use(await startDatabase())),
    timed('Programs', report, () => findPrograms(isWhole, signal)),
  ])
  const redis = programs.redis === undefined ? undefined : started.use(await startRedis(programs.redis))
  tellPrograms(programs)
  return {
    NODE_ENV: 'test',
    // Each file is a process; without it each would strip the types of all of src again.
    NODE_COMPILE_CACHE: join(tmpdir(), 'parley-compile-cache'),
    TEST_DATABASE_URL: postgres.databaseUrl,
    TEST_DATABASE_SUPERUSER_URL: postgres.superuserUrl,
    ...(redis && { TEST_REDIS_URL: redis.url }),
    ...(programs.chromium && { CHROMIUM_PATH: programs.chromium }),
  }
}

async function startDatabase() {
  const postgres = await startEmbeddedPostgres({ ephemeral: true })
  const client = new pg.Client({ connectionString: postgres.superuserUrl })
  await client.connect()
  // Or "drop database … with (force)" fails whenever autovacuum happens to be in that database.
  await client.query('grant pg_signal_backend to parley')
  await client.end()
  return postgres
}

function tellPrograms({ redis, chromium, trouble }: Programs): void {
  for (const path of [redis, chromium]) if (path !== undefined) console.log(`  ${path} ${versionOf(path)}`)
  if (trouble !== undefined) report.lack(trouble)
}

async function timed<T>(name: string, { step }: Report, act: () => Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    const result = await act()
    step(name, performance.now() - start, 'ok')
    return result
  } catch (error) {
    step(name, performance.now() - start, 'FAILED')
    throw error
  }
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { newUuid, showId } from '#kernel/ids.ts'
import { createSealer } from '#ledger/seal-service.ts'
import { createSecrets } from '#platform/crypto.ts'
import { openDatabase } from '#platform/database.ts'
import { startEmbeddedPostgres } from '#platform/embedded-postgres.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'
import { migrate } from '#platform/migrate.ts'
import { makeDir, removeDir } from './app-process.ts'
import { fillJournal } from './exports-data.ts'
import { format, median, spread, table } from './statistics.ts'
import type { Settings } from './world.ts'

interface Target {
  readonly name: string
  readonly args: readonly string[]
  /** Share of the transactions: a format for people is not asked for millions of rows. */
  readonly share?: number
}

const targets: readonly Target[] = [
  { name: 'CSV + SHA-256', args: ['--format', 'csv'] },
  { name: 'CSV + gzip + SHA-256', args: ['--format', 'csv', '--compression', 'gzip'] },
  { name: 'JSON Lines + SHA-256', args: ['--format', 'jsonl'] },
  { name: 'hledger + SHA-256', args: ['--format', 'hledger'] },
  { name: 'beancount + SHA-256', args: ['--format', 'beancount'] },
  { name: 'Parquet + SHA-256', args: ['--format', 'parquet'] },
  { name: 'XLSX + SHA-256', args: ['--format', 'xlsx'], share: 0.1 },
]

interface Measured {
  readonly rowsPerSecond: number
  readonly peakMiB: number
}

/** `npm run export` of every format beside psql's \copy of the same rows, in turn, on one database with one merchant. */
export const benchExports = async (settings: Settings & { entries: number }): Promise<string> => {
  const dir = await makeDir()
  await using postgres = await startEmbeddedPostgres({ dir })
  try {
    await migrate(postgres.databaseUrl)
    const merchant = newUuid()
    const { transactions, rows } = await fill(postgres, merchant, settings.entries)
    const psql = findPsql()
    const baseline: number[] = []
    const measured = new Map<string, Measured[]>()
    for (let round = 0; round < settings.rounds; round++) {
      baseline.push(rows / (await copyByPsql(psql, postgres.databaseUrl, merchant)))
      for (const target of targets) {
        const one = await runExport(postgres.databaseUrl, merchant, target, transactions)
        measured.set(target.name, [...(measured.get(target.name) ?? []), one])
      }
    }
    return report(rows, psql, baseline, measured)
  } finally {
    await postgres.stop()
    removeDir(dir)
  }
}

const fill = async (
  postgres: { databaseUrl: string; superuserUrl: string },
  merchant: string,
  entries: number,
): Promise<{ transactions: number; rows: number }> => {
  const db = openDatabase({ url: postgres.databaseUrl, poolMax: 4, onError: (error) => console.error(error) })
  const superuser = new pg.Client({
    connectionString: Object.assign(new URL(postgres.superuserUrl), { pathname: '/parley' }).href,
  })
  await superuser.connect()
  try {
    await superuser.query(`insert into merchants (merchant_id, name, created_at) values ($1, 'Noodle Bar', now())`, [
      merchant,
    ])
    const transactions = await fillJournal(superuser, merchant, entries)
    const clock = { now: () => new Date() }
    const secrets = createSecrets('a secret of at least thirty-two characters')
    const sealer = createSealer({ db, clock, secrets, logger: createLogger('warn'), metrics: createMetrics() })
    while (!(await sealer.catchUp(merchant, 600_000)));
    await superuser.query('vacuum (analyze) ledger_seals, ledger_rollups, ledger_marks')
    const { rows } = await superuser.query<{ count: number }>('select count(*)::int as count from ledger_entries')
    return { transactions, rows: rows[0]?.count ?? 0 }
  } finally {
    await superuser.end()
    await db.close()
  }
}

/** What a line says, as the database has it: no prefixes of ids, no decimals, no names for what is derived. */
const sameRows = (merchant: string): string => `
  select s.seq, t.id, e.line, t.effective_at, t.created_at, t.value_at, t.kind, a.code, a.name, a.id, e.currency, e.amount,
    t.base_currency, e.base_amount, t.description, t.thread_id, t.payment_intent_id, t.refund_id, t.reverses_id, t.event_key,
    t.refs, encode(s.hash, 'hex')
  from ledger_seals s
  join ledger_transactions t on t.merchant_id = s.merchant_id and t.id = s.transaction_id
  join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
  join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
  where s.merchant_id = '${merchant}' order by s.seq, e.line`

const findPsql = (): string => {
  const root = '/usr/lib/postgresql'
  const versions = (() => {
    try {
      return readdirSync(root)
    } catch {
      return []
    }
  })()
  const found = ['psql', ...versions.map((one) => join(root, one, 'bin', 'psql'))].find(
    (file) => spawnSync(file, ['--version']).status === 0,
  )
  if (found === undefined) throw new Error('psql is not installed: there is nothing to compare with')
  return found
}

/** As the same role under the same row-level security, output thrown away. Answers seconds. */
const copyByPsql = async (psql: string, url: string, merchant: string): Promise<number> => {
  const command = `\\copy (${sameRows(merchant).replaceAll(/\s+/g, ' ')}) to stdout csv`
  const started = performance.now()
  const child = spawn(psql, ['-X', '-q', url, '-c', "set work_mem = '64MB'", '-c', command], {
    env: {
      PATH: process.env.PATH ?? '',
      PGOPTIONS: `-c role=parley_app -c timezone=UTC -c parley.merchants=${merchant}`,
    },
    stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit'],
  })
  await succeed(child, 'psql')
  return (performance.now() - started) / 1000
}

const program = fileURLToPath(new URL('../src/main-export.ts', import.meta.url))
const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  scripts: { export: string }
}
/** As `npm run export` starts it. */
const nodeArgs =
  process.env.BENCH_NODE_ARGS?.split(' ') ??
  scripts.export
    .replaceAll('"', '')
    .split(' ')
    .filter((word) => word.startsWith('--'))

const runExport = async (url: string, merchant: string, target: Target, transactions: number): Promise<Measured> => {
  const asOf = Math.round(transactions * (target.share ?? 1))
  const range = ['--merchant', showId('merchant', merchant), '--as-of-seq', String(asOf)]
  const child = spawn(process.execPath, [...nodeArgs, program, ...target.args, ...range], {
    env: { PATH: process.env.PATH ?? '', DATABASE_URL: url },
    stdio: ['ignore', openSync('/dev/null', 'w'), 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  let peakMiB = 0
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, peakOf(child.pid ?? 0))
  }, 50)
  await succeed(child, said).finally(() => clearInterval(watch))
  const [, rows = '', seconds = ''] = /^(\d+) lines in ([\d.]+) s/m.exec(said) ?? []
  return { rowsPerSecond: Number(rows) / Number(seconds), peakMiB }
}

/** The highest resident memory a process has had, as the kernel keeps it. */
const peakOf = (pid: number): number => {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

const succeed = async (child: ChildProcess, name: string): Promise<void> => {
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
}

const report = (
  entries: number,
  psql: string,
  baseline: readonly number[],
  measured: ReadonlyMap<string, readonly Measured[]>,
): string => {
  const reference = median(baseline)
  const rows = [...measured].map(([name, rounds]) => {
    const speeds = rounds.map(({ rowsPerSecond }) => rowsPerSecond)
    return [
      name,
      spread(speeds),
      format(median(speeds) / reference, 2),
      format(Math.max(...rounds.map(({ peakMiB }) => peakMiB))),
    ]
  })
  const version = spawnSync(psql, ['--version']).stdout.toString().trim()
  return [
    `### Exports of ${format(entries)} entries`,
    '',
    table(
      ['', 'rows/s', '× \\copy', 'peak resident MiB'],
      [[`\\copy of the same rows to CSV, ${version}`, spread(baseline), '1', ''], ...rows],
    ),
    '',
    'Goals: CSV + SHA-256 ≥ 0.85, hledger ≥ 0.65, CSV, JSON Lines and plain text ≤ 128 MiB.',
  ].join('\n')
}

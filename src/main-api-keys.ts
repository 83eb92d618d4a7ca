import { parseArgs } from 'node:util'
import type { ApiKey } from '#accounts/schemas.ts'
import { createAccountService } from '#accounts/service.ts'
import { systemClock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { type Role, roles } from '#platform/api-keys.ts'
import { type Database, openDatabase, sqlState } from '#platform/database.ts'
import { findDatabaseUrl, run } from './app-boot.ts'
import { ConfigurationError, parseEnvironment } from './config.ts'

const usage = `Usage:
  npm run api-keys -- create --merchant-name "Blüte Flowers" --role service   a new merchant and its first key
  npm run api-keys -- create --merchant mer_… --role bot [--name "Telegram bot"] [--live]
  npm run api-keys -- list --merchant mer_…
  npm run api-keys -- revoke key_…

Roles: ${roles.join(', ')}. A key is for test payments unless --live is given.
Uses DATABASE_URL; without it the database that "npm start" runs in this folder.`

/** Results that another program may read go out, everything for people goes to err. */
export interface Output {
  out(line: string): void
  err(line: string): void
}

/** Runs one command line against a database. */
export const runCommand = async (args: readonly string[], db: Database, output: Output): Promise<void> => {
  const { values, positionals } = readArguments(args)
  const [command, id, ...rest] = positionals
  if (rest.length > 0 || (id !== undefined && command !== 'revoke')) throw refuse(`Not understood: ${rest[0] ?? id}`)
  if (command === 'create') await create(values, db, output)
  else if (command === 'list') await list(values.merchant, db, output)
  else if (command === 'revoke') await revoke(id, db, output)
  else throw refuse(command === undefined ? 'No command given.' : `Unknown command: ${command}`)
}

const refuse = (problem: string): ConfigurationError => new ConfigurationError(`${problem}\n\n${usage}`)

const readArguments = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        merchant: { type: 'string' },
        'merchant-name': { type: 'string' },
        role: { type: 'string' },
        name: { type: 'string', default: '' },
        live: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error))
  }
}

type Values = ReturnType<typeof readArguments>['values']

const create = async (values: Values, db: Database, { out, err }: Output): Promise<void> => {
  const role = roles.find((one) => one === values.role)
  if (!role) throw refuse(`--role must be one of ${roles.join(', ')}.`)
  if (values.name.length > 100) throw refuse('--name takes at most 100 characters.')
  const accounts = createAccountService({ db, clock: systemClock })
  const merchantId = await findOrCreateMerchant(values, accounts)
  const scope = { merchantId, livemode: values.live }
  const key = await createKey(accounts, scope, role, values.name)
  err(`merchant  ${showId('merchant', merchantId)}`)
  err(`key       ${describe(key)}`)
  err('The secret, shown this once; only its digest is kept:')
  out(key.secret ?? '')
}

type Accounts = ReturnType<typeof createAccountService>

const findOrCreateMerchant = async (values: Values, accounts: Accounts): Promise<string> => {
  const name = values['merchant-name']
  if ((values.merchant === undefined) === (name === undefined)) {
    throw refuse('Give either --merchant mer_… or --merchant-name "…" for a new one.')
  }
  if (name === undefined) return readMerchant(values.merchant)
  if (name.trim() === '' || name.length > 200) throw refuse('--merchant-name takes 1 to 200 characters.')
  const id = newUuid()
  await accounts.createMerchant(id, name)
  return id
}

const createKey = async (
  accounts: Accounts,
  scope: { merchantId: string; livemode: boolean },
  role: Role,
  name: string,
): Promise<ApiKey> => {
  try {
    return await accounts.createKey(scope, newUuid(), { role, name })
  } catch (error) {
    const foreignKeyViolation = '23503'
    if (sqlState(error) !== foreignKeyViolation) throw error
    throw new ConfigurationError(`No such merchant: ${showId('merchant', scope.merchantId)}`)
  }
}

const list = async (merchant: string | undefined, db: Database, { out, err }: Output): Promise<void> => {
  const accounts = createAccountService({ db, clock: systemClock })
  const merchantId = readMerchant(merchant)
  let last: string | undefined
  do {
    const page = await accounts.listKeys(merchantId, { limit: 100, starting_after: last })
    for (const key of page.data) out(describe(key))
    if (last === undefined && page.data.length === 0) err('No keys.')
    last = page.has_more ? page.data.at(-1)?.id : undefined
  } while (last !== undefined)
}

const revoke = async (id: string | undefined, db: Database, { err }: Output): Promise<void> => {
  const uuid = parseId('apiKey', id ?? '')
  if (id === undefined || uuid === undefined) throw refuse('Say which key: revoke key_…')
  // The id alone does not say whose key it is; only the maintenance role reads across merchants.
  const row = await db.maintenance
    .selectFrom('api_keys')
    .select('merchant_id')
    .where('id', '=', uuid)
    .executeTakeFirst()
  if (!row) throw new ConfigurationError(`No such key: ${id}`)
  const key = await createAccountService({ db, clock: systemClock }).revokeKey(row.merchant_id, id, 'platform')
  err(`revoked   ${describe(key)}`)
}

const readMerchant = (text: string | undefined): string => {
  const uuid = parseId('merchant', text ?? '')
  if (uuid === undefined) throw refuse(`--merchant must be a merchant's id (mer_…)${text ? `, not ${text}` : ''}.`)
  return uuid
}

const describe = ({ id, role, livemode, hint, name, expires_at }: ApiKey): string => {
  const end = expires_at === null ? 'valid' : `ends ${new Date(expires_at * 1000).toISOString()}`
  return [id, role.padEnd(8), livemode ? 'live' : 'test', hint, end, name].join('  ').trimEnd()
}

if (import.meta.main) {
  run(async () => {
    const args = process.argv.slice(2)
    if (args.length === 0 || args.includes('--help') || args.includes('-h')) return console.log(usage)
    const url = await findDatabaseUrl(parseEnvironment(process.env).DATABASE_URL)
    const db = openDatabase({ url, poolMax: 2, onError: () => undefined })
    try {
      await runCommand(args, db, { out: console.log, err: console.error })
    } catch (error) {
      throw explain(error)
    } finally {
      await db.close()
    }
  })
}

/** What an operator can mend is one sentence, the rest stays a stack trace. */
const explain = (error: unknown): unknown => {
  if (error instanceof AppError) return new ConfigurationError(error.message)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNREFUSED'
    ? new ConfigurationError('The database does not answer: start it ("npm start"), or set DATABASE_URL.')
    : error
}

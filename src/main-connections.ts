import { readFile } from 'node:fs/promises'
import { rotateKeys } from '#connections/rotate-service.ts'
import { showId } from '#kernel/ids.ts'
import { type Database, openDatabase } from '#platform/database.ts'
import { createKeyRing, type KeyRing } from '#platform/key-ring.ts'
import { findDatabaseUrl, run } from './app-boot.ts'
import { ConfigurationError, parseEnvironment } from './config.ts'

const usage = `Usage:
  npm run connections:rotate

Wraps the secrets of all connections with the first key of CONNECTIONS_KEYS (without it: a key derived from
PARLEY_SECRET). Put the new key in front of the old ones, restart every process, run this, then remove the old keys.
It may be stopped at any time and run again. Ends with 1 if a row could not be opened.
Uses DATABASE_URL; without it the database that "npm start" runs in this folder.`

/** What it did goes out, what could not be done to err. */
export interface Output {
  out(line: string): void
  err(line: string): void
}

/** Wraps every connection with the current key; false if one could not be opened. */
export const rotateConnections = async (db: Database, keys: KeyRing, { out, err }: Output): Promise<boolean> => {
  let last: { rewrapped: number; failed: readonly { id: string; keyId: string; reason: string }[] } = {
    rewrapped: 0,
    failed: [],
  }
  for await (const step of rotateKeys(db, keys)) {
    last = step
    out(`${step.rewrapped} connections are under the key '${keys.currentId}' now …`)
  }
  for (const { id, keyId, reason } of last.failed)
    err(`${showId('connection', id)}  stays under the key '${keyId}': ${reason}`)
  const left =
    last.failed.length === 0 ? 'no other key is needed any more' : `${last.failed.length} could not be opened`
  out(`Done: ${last.rewrapped} wrapped anew with '${keys.currentId}'; ${left}.`)
  return last.failed.length === 0
}

/** The secret that seals where no key is named: of the environment, or the one that `npm start` made in this folder. */
const readSecret = async (named: string | undefined): Promise<string> => {
  const secret = named ?? (await readFile('.parley/secret', 'utf8').catch(() => '')).trim()
  if (secret === '') throw new ConfigurationError(`PARLEY_SECRET is not set.\n\n${usage}`)
  return secret
}

if (import.meta.main) {
  run(async () => {
    if (process.argv.slice(2).some((one) => one === '--help' || one === '-h')) return console.log(usage)
    if (process.argv.length > 2) throw new ConfigurationError(`Not understood: ${process.argv[2]}\n\n${usage}`)
    const env = parseEnvironment(process.env)
    const keys = createKeyRing({ keys: env.CONNECTIONS_KEYS ?? [], secret: await readSecret(env.PARLEY_SECRET) })
    const db = openDatabase({ url: await findDatabaseUrl(env.DATABASE_URL), poolMax: 2, onError: () => undefined })
    try {
      process.exitCode = (await rotateConnections(db, keys, { out: console.log, err: console.error })) ? 0 : 1
    } finally {
      await db.close()
    }
  })
}

import assert from 'node:assert/strict'
import { after } from 'node:test'
import pg from 'pg'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Posting } from '#ledger/posting.ts'
import { type LedgerItem, postLedger } from '#ledger/repo.ts'
import { type Database, inTransaction, openDatabase } from '#platform/database.ts'
import { createTestDatabase as cloneTemplate } from '../support/database.ts'

export interface TestDatabase {
  readonly db: Database
  readonly url: string
  newMerchant(): Promise<string>
  /** A plain connection of the login itself. */
  connect(): Promise<pg.Client>
  /** A plain connection with the given role that acts for a merchant for its whole session. */
  connectAs(role: 'parley_app' | 'parley_owner', merchantId: string): Promise<pg.Client>
  /** Undefined where the tests were given a server without its superuser. */
  connectAsSuperuser(): Promise<pg.Client | undefined>
}

/** A migrated database of the file's own, dropped when its tests are done. */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const database = await cloneTemplate()
  const { url, superuserUrl } = database
  const db = openDatabase({ url, poolMax: 12, onError: () => undefined })
  const clients: pg.Client[] = []
  const connect = async (to: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: to })
    clients.push(client)
    await client.connect()
    return client
  }
  after(async () => {
    await Promise.all(clients.map((client) => client.end()))
    await db.close()
    await database[Symbol.asyncDispose]()
  })
  return {
    db,
    url,
    newMerchant: () => newMerchant(db),
    connect: () => connect(url),
    connectAs: async (role, merchantId) => {
      const client = await connect(url)
      await client.query(`set role ${role}`)
      await client.query(`select set_config('parley.merchants', $1, false)`, [merchantId])
      return client
    },
    connectAsSuperuser: async () => (superuserUrl === undefined ? undefined : connect(superuserUrl)),
  }
}

export const currencyOf = (code: string): Currency => {
  assert.ok(isCurrency(code))
  return code
}

/** A posting as a merchant's, not tied to a payment unless said so. */
export const itemOf = (
  merchantId: string,
  posting: Posting | undefined,
  ties: Partial<Pick<LedgerItem, 'paymentIntentId' | 'refundId' | 'threadId'>> = {},
): LedgerItem => {
  assert.ok(posting)
  return { merchantId, posting, paymentIntentId: null, refundId: null, threadId: null, ...ties }
}

export const post = (db: Database, items: readonly LedgerItem[], now = new Date()): Promise<number> =>
  inTransaction(
    db,
    items.map((item) => item.merchantId),
    (tx) => postLedger(tx, items, now),
  )

const newMerchant = async (db: Database): Promise<string> => {
  const merchantId = newUuid()
  await inTransaction(db, merchantId, (tx) =>
    tx
      .insertInto('merchants')
      .values({ merchant_id: merchantId, name: 'Noodle Bar', settings: '{}', created_at: new Date() })
      .execute(),
  )
  return merchantId
}

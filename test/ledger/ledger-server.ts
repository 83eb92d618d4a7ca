import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { ledgerRoutes } from '#ledger/routes.ts'
import { createSealer } from '#ledger/seal-service.ts'
import { createLedgerService } from '#ledger/service.ts'
import { type Role, roles } from '#platform/api-keys.ts'
import { createSecrets } from '#platform/crypto.ts'
import type { Database } from '#platform/database.ts'
import { createHttpApp } from '#platform/http.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'

const clock = { now: () => new Date('2026-11-22T12:00:00Z') }
const secrets = createSecrets('test-secret-test-secret-test-secret')

export const createTestSealer = (db: Database) =>
  createSealer({ db, clock, logger: createLogger('silent'), metrics: createMetrics(), secrets })

export const createTestLedger = (db: Database) =>
  createLedgerService({ db, clock, secrets, sealer: createTestSealer(db) })

/** The ledger's routes on a free port. A key is `<role>:<merchant>`, no more. */
export const startLedgerServer = async (db: Database): Promise<string> => {
  const app = createHttpApp({
    db,
    clock,
    logger: createLogger('silent'),
    metrics: createMetrics(),
    shedder: { isOverloaded: () => false, close: () => undefined },
    routes: ledgerRoutes(createTestLedger(db)),
    authenticate: async (key) => {
      const [role, merchantId = ''] = key.split(':')
      return { merchantId, apiKeyId: merchantId, role: roles.find((one) => one === role) ?? 'bot', livemode: false }
    },
    rateLimit: () => 0,
    publicUrl: 'http://localhost',
    secrets,
    mount: () => undefined,
  })
  const server = app.listen(0, '127.0.0.1')
  server.keepAliveTimeout = 0 // a slow machine pauses for longer, and then a request meets a closing connection
  await new Promise((resolve) => server.once('listening', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export const keyOf = (merchantId: string, role: Role = 'finance') => ({ authorization: `Bearer ${role}:${merchantId}` })

import { listAttempts } from './attempt-service.ts'
import { explainIntent } from './explain-service.ts'
import { createHandover } from './handover-service.ts'
import { createIntentCommands } from './intent-service.ts'
import { identifyOpener, type OpenerDeps } from './opener-service.ts'
import { createPageService } from './page-service.ts'
import { createReader } from './read-service.ts'
import { createStatements } from './statement-service.ts'
import { createPaymentWork } from './work-service.ts'

export type PaymentService = ReturnType<typeof createPaymentService>

/** Payments as the rest of the house sees them: what clients read and ask, the payer's page, and work behind the scenes. */
export const createPaymentService = (deps: OpenerDeps) => ({
  ...createReader(deps),
  ...createIntentCommands(deps),
  ...createPageService(deps),
  ...createPaymentWork(deps),
  /** For an integrator's own front end. */
  handOver: createHandover(deps, createPageService(deps).openPage),
  /** What providers tell a day later. */
  statements: createStatements(deps),
  /** Believes the platform's proof of who has opened a payment's page, or does nothing. */
  identify: (token: string, proof: string) => identifyOpener(deps, token, proof),
  attempts: (merchantId: string, id: string, query: Parameters<typeof listAttempts>[3]) =>
    listAttempts(deps, merchantId, id, query),
  explain: (merchantId: string, id: string) => explainIntent(deps, merchantId, id),
})

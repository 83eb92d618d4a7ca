import type { ProviderAdapters } from '#providers/accounts.ts'
import { createAdapters } from '../../src/app-providers.ts'

/** The adapters of payment providers, for tests that talk to none. */
export const adapters: ProviderAdapters = createAdapters({ stripe: { secretKey: 'sk_test_none', webhookSecrets: [] } })

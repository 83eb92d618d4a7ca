import { providerContract } from './provider-contract.ts'
import { stripeHarness } from './stripe-harness.ts'

providerContract('Stripe', stripeHarness)

import { providerContract } from './provider-contract.ts'
import { stripeFeatures, stripeHarness } from './stripe-harness.ts'

providerContract('Stripe', stripeFeatures, stripeHarness)

import { startStripeSandbox } from '../../src/sandbox/stripe/index.ts'

/** The simulator in a process of its own, for tests that kill it. Arguments: database, webhook address, secret, pause. */
const [, , databaseUrl = '', webhookUrl = '', secret = '', asyncSettleMs = '0'] = process.argv
const { port } = await startStripeSandbox({
  databaseUrl,
  port: 0,
  secretKey: 'sk_test_sandbox',
  webhook: { url: webhookUrl, secret },
  asyncSettleMs: Number(asyncSettleMs),
})
process.stdout.write(`${port}\n`)

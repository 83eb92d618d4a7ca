import { startWechatpaySandbox } from '../../src/sandbox/wechatpay/index.ts'

/** The simulator in a process of its own, for tests that kill it. Argument: its database. */
const [, , databaseUrl = ''] = process.argv
const { port, controlKey, credentials } = await startWechatpaySandbox({ databaseUrl, port: 0, seed: 'test' })
process.stdout.write(`${JSON.stringify({ port, controlKey, keys: credentials })}\n`)

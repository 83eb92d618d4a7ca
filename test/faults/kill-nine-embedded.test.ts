import { test } from 'node:test'
import { runKills } from './kill-rounds.ts'
import { createParleyProcess } from './parley-process.ts'

test('killed with its embedded database, it comes back with everything', { timeout: 600_000 }, async (t) => {
  await using parley = await createParleyProcess()
  t.diagnostic(await runKills(parley, { visits: 15, kills: 1, answers: [10, 20], loadMsMax: 15_000 }))
})

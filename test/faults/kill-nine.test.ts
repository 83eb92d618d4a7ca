import { test } from 'node:test'
import { createTestDatabase } from '../support/database.ts'
import { isBounded, runKills } from './kill-rounds.ts'
import { createParleyProcess } from './parley-process.ts'

/**
 * `npm test` has time for so much; on a slow machine for less, for the load ends when its time is over. A long run is
 * PARLEY_CHAOS_ROUNDS=10: ten times the visits and kills, without an end but their number.
 */
const rounds = Number(process.env.PARLEY_CHAOS_ROUNDS ?? 1)

test('killed at random moments, it loses nothing and does nothing twice', { timeout: 600_000 * rounds }, async (t) => {
  await using database = await createTestDatabase()
  await using parley = await createParleyProcess(database.url)
  const bounded = { visits: 80, kills: 12, answers: [10, 30] as [number, number], loadMsMax: 20_000 }
  const long = {
    visits: 300 * rounds,
    kills: 12 * rounds,
    answers: [10, 60] as [number, number],
    loadMsMax: Number.POSITIVE_INFINITY,
  }
  t.diagnostic(await runKills(parley, isBounded ? bounded : long))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createShedder } from '#platform/rate-limit.ts'
import { until } from '../support/until.ts'

test('sheds while turns stay late, and not for one long turn', async () => {
  const looksMs = [2000, 10, 600, 700, 800, 10, 10]
  const seen: boolean[] = []
  const shedder = createShedder(
    500,
    {
      enable: () => true,
      disable: () => true,
      reset: () => undefined,
      // What the look before has come to, then what this one sees.
      percentile: () => {
        seen.push(shedder.isOverloaded())
        return (looksMs[seen.length - 1] ?? 0) * 1e6
      },
    },
    1,
  )
  await until('all looks', () => seen.length > looksMs.length)
  shedder.close()
  assert.deepEqual(seen.slice(1, looksMs.length + 1), [false, false, false, true, true, false, false])
})

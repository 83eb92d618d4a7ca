import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSingleFlight } from '#platform/single-flight.ts'

/** Work that ends when it is told to. */
const createWork = () => {
  const ends: ((error?: Error) => void)[] = []
  const run = () =>
    new Promise<number>((resolve, reject) => {
      const number = ends.length + 1
      ends.push((error) => (error ? reject(error) : resolve(number)))
    })
  return { ends, run }
}

test('callers that come during a run share one more, which starts after it', async () => {
  const { ends, run } = createWork()
  const share = createSingleFlight<number>()
  const first = share('a', run)
  const later = [share('a', run), share('a', run), share('a', run)]
  assert.equal(ends.length, 1)
  ends[0]?.()
  assert.equal(await first, 1)
  await new Promise(setImmediate)
  const last = share('a', run)
  ends[1]?.()
  assert.deepEqual(await Promise.all(later), [2, 2, 2])
  await new Promise(setImmediate)
  ends[2]?.()
  assert.equal(await last, 3)
  await new Promise(setImmediate)
  void share('a', run)
  assert.equal(ends.length, 4)
})

test('keys do not wait for each other', () => {
  const { ends, run } = createWork()
  const share = createSingleFlight<number>()
  void share('a', run)
  void share('b', run)
  assert.equal(ends.length, 2)
})

test('a failure reaches its own callers and not those who wait for the next run', async () => {
  const { ends, run } = createWork()
  const share = createSingleFlight<number>()
  const first = share('a', run)
  const second = share('a', run)
  ends[0]?.(new Error('the provider is away'))
  await assert.rejects(first, /away/)
  await new Promise(setImmediate)
  ends[1]?.()
  assert.equal(await second, 2)
})

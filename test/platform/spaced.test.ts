import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spaced } from '#platform/spaced.ts'

test('the first call goes out at once, the ones after it share one', async () => {
  let sends = 0
  const call = spaced(20, async () => void sends++)
  const first = call()
  assert.equal(sends, 1)
  const others = [call(), call(), call()]
  assert.equal(sends, 1)
  await Promise.all([first, ...others])
  assert.equal(sends, 2)
})

test('a call that comes while a send is under way gets a later one', async () => {
  const started: number[] = []
  let finish = (): void => undefined
  let calls = 0
  const call = spaced(1, () => {
    started.push(calls)
    return new Promise((resolve) => {
      finish = resolve
    })
  })
  calls = 1
  const first = call()
  calls = 2
  const second = call()
  finish()
  await first
  while (started.length < 2) await new Promise((resolve) => setImmediate(resolve))
  finish()
  await second
  assert.deepEqual(started, [1, 2])
})

test('a failure reaches those who share it and nobody after them', async () => {
  let fails = true
  const call = spaced(1, async () => {
    if (fails) throw new Error('no queue')
  })
  await assert.rejects(call())
  await assert.rejects(call())
  fails = false
  await call()
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { coalesce, type Settled } from '#platform/coalesce.ts'

const fine = <T>(value: T): Settled<T> => ({ ok: true, value })

/** A writer whose batches end when told. */
const createWriter = () => {
  const batches: { items: readonly number[]; commit(): void; fail(error: Error): void }[] = []
  const run = (items: readonly number[]) =>
    new Promise<Settled<string>[]>((resolve, reject) => {
      batches.push({ items, commit: () => resolve(items.map((item) => fine(`r${item}`))), fail: reject })
    })
  return { batches, run }
}

describe('writes that arrive together', () => {
  test('go in one batch, and everybody gets their own answer', async () => {
    const sizes: number[] = []
    const write = coalesce<number, string>({
      run: async (items) => items.map((item) => fine(`r${item}`)),
      onBatch: (size) => sizes.push(size),
    })
    const answers = await Promise.all([1, 2, 3, 4, 5].map(write))
    assert.deepEqual(answers, ['r1', 'r2', 'r3', 'r4', 'r5'])
    assert.deepEqual(sizes, [5])
  })

  test('wait one turn of the event loop when nothing else happens, no more', async () => {
    let ran = false
    const write = coalesce<number, string>({
      run: async () => {
        ran = true
        return [fine('x')]
      },
    })
    const answer = write(1)
    assert.equal(ran, false)
    await turn()
    assert.equal(ran, true)
    assert.equal(await answer, 'x')
  })

  test('are answered only after their batch is committed', async () => {
    const { batches, run } = createWriter()
    const write = coalesce<number, string>({ run })
    let answered = 0
    const all = [1, 2].map((item) => write(item).then(() => answered++))
    await turn()
    await turn()
    assert.equal(answered, 0)
    batches[0]?.commit()
    await Promise.all(all)
    assert.equal(answered, 2)
  })

  test('use as many batches at once, and as many items in each, as they were told', async () => {
    const { batches, run } = createWriter()
    const write = coalesce<number, string>({ run, itemsMax: 3, batchesMax: 2 })
    const all = Array.from({ length: 10 }, (_, item) => write(item))
    await turn()
    assert.deepEqual(
      batches.map((batch) => batch.items),
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    )
    for (let index = 0; index < 4; index++) {
      batches[index]?.commit()
      await turn()
    }
    assert.deepEqual(
      batches.map((batch) => batch.items.length),
      [3, 3, 3, 1],
    )
    assert.deepEqual(
      await Promise.all(all),
      Array.from({ length: 10 }, (_, item) => `r${item}`),
    )
  })

  test('fail alone: one bad item does not take the others with it', async () => {
    const write = coalesce<number, string>({
      run: async (items) => {
        if (items.includes(3)) throw new Error('three is bad')
        return items.map((item) => fine(`r${item}`))
      },
    })
    const all = await Promise.allSettled([1, 2, 3, 4].map(write))
    assert.deepEqual(
      all.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message)),
      ['r1', 'r2', 'three is bad', 'r4'],
    )
  })

  test('an item’s own error is that item’s, in the same batch', async () => {
    const write = coalesce<number, string>({
      run: async (items) =>
        items.map((item): Settled<string> => (item === 2 ? { ok: false, error: new Error('no') } : fine('yes'))),
    })
    const [one, two] = await Promise.allSettled([write(1), write(2)])
    assert.equal(one.status, 'fulfilled')
    assert.equal(two.status, 'rejected')
  })

  test('nobody is left without an answer when the batch answers too few', async () => {
    const write = coalesce<number, string>({ run: async () => [fine('only one')] })
    const [one, two] = await Promise.allSettled([write(1), write(2)])
    assert.equal(one.status, 'fulfilled')
    assert.equal(two.status, 'rejected')
  })

  test('beyond the limit are refused at once, and room comes back', async () => {
    const { batches, run } = createWriter()
    const overload = new Error('overloaded')
    const write = coalesce<number, string>({
      run,
      itemsMax: 1,
      batchesMax: 1,
      waitingMax: 2,
      onOverload: () => overload,
    })
    const first = write(0)
    await turn()
    const waiting = [write(1), write(2)]
    await assert.rejects(write(3), overload)
    batches[0]?.commit()
    await first
    await turn()
    const late = write(4)
    for (let index = 1; index < 4; index++) {
      batches[index]?.commit()
      await turn()
      await turn()
    }
    assert.deepEqual(await Promise.all([...waiting, late]), ['r1', 'r2', 'r4'])
  })

  test('any mix of good, bad and poisonous items: each gets what it deserves', async () => {
    const kinds = fc.array(fc.constantFrom('good', 'bad', 'poison'), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(
        kinds,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 3 }),
        async (all, itemsMax, batchesMax) => {
          const write = coalesce<string, string>({
            itemsMax,
            batchesMax,
            run: async (items) => {
              await turn()
              if (items.includes('poison')) throw new Error('poison')
              return items.map(
                (item): Settled<string> => (item === 'bad' ? { ok: false, error: new Error('bad') } : fine(item)),
              )
            },
          })
          const answers = await Promise.allSettled(all.map(write))
          const got = answers.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))
          assert.deepEqual(got, all)
        },
      ),
      { numRuns: 60 },
    )
  })
})

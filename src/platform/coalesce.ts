import { withoutRequestContext } from './request-context.ts'

/** One item's result: an error concerns that item alone. */
export type Settled<R> = { ok: true; value: R } | { ok: false; error: unknown }

export interface CoalesceOptions<I, R> {
  /** Writes the items together, in one committed transaction, and answers in their order. */
  run: (items: readonly I[]) => Promise<readonly Settled<R>[]>
  /** Most items in one batch. Default 128. */
  itemsMax?: number
  /** Batches under way at once. Default 2: one commits while the next is filled. */
  batchesMax?: number
  /** Items that may wait; beyond it the caller gets `onOverload`'s error at once instead of a long wait. */
  waitingMax?: number
  onOverload?: () => Error
  /** Called with the size of every batch, for metrics. */
  onBatch?: (size: number) => void
}

/**
 * DataLoader for writes. Callers await their own item; whatever arrives while earlier batches are under way is
 * written together by one statement. No timer: an idle system answers after one round trip, a busy one shares them.
 * When a batch as a whole fails, its items are tried one by one, so that one bad item fails alone.
 */
export const coalesce = <I, R>(options: CoalesceOptions<I, R>): ((item: I) => Promise<R>) => {
  const { run, itemsMax = 128, batchesMax = 2, waitingMax = 10_000, onBatch } = options
  const waiting: Waiting<I, R>[] = []
  let underWay = 0

  const flush = async (batch: Waiting<I, R>[]): Promise<void> => {
    try {
      const results = await run(batch.map((entry) => entry.item))
      for (const [index, entry] of batch.entries()) settle(entry, results[index])
    } catch (error) {
      const [only] = batch
      if (batch.length === 1 && only) only.reject(error)
      else for (const entry of batch) await flush([entry])
    }
  }

  const pump = (): void => {
    while (waiting.length > 0 && underWay < batchesMax) {
      const batch = waiting.splice(0, itemsMax)
      underWay++
      onBatch?.(batch.length)
      void withoutRequestContext(() => flush(batch)).finally(() => {
        underWay--
        pump()
      })
    }
  }

  let scheduled = false
  return (item) =>
    new Promise<R>((resolve, reject) => {
      if (waiting.length >= waitingMax) {
        reject(options.onOverload?.() ?? new Error('too many writes are waiting'))
        return
      }
      waiting.push({ item, resolve, reject })
      if (scheduled) return
      scheduled = true
      // One turn of the event loop lets requests that arrived in the same read join the first batch.
      setImmediate(() => {
        scheduled = false
        pump()
      })
    })
}

interface Waiting<I, R> {
  item: I
  resolve: (value: R) => void
  reject: (error: unknown) => void
}

const settle = <I, R>(entry: Waiting<I, R>, result: Settled<R> | undefined): void => {
  if (!result) entry.reject(new Error('the batch answered fewer results than it got items'))
  else if (result.ok) entry.resolve(result.value)
  else entry.reject(result.error)
}

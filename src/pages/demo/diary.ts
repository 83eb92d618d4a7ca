import type { Clock } from '#kernel/clock.ts'
import type { ApiCall } from '#pages/web/curl.ts'

/** A call of the bot or the shop, as the panel shows it. */
export interface DiaryEntry {
  number: number
  /** When it began. */
  at: string
  who: 'bot' | 'shop'
  call: ApiCall
  /** Where what it made can be read. */
  resultPath: string
}

const perThreadMax = 60
const threadsMax = 500

/** The demo's own calls, kept in memory only: what they did is in the database. */
export const createDiary = (clock: Clock) => {
  const byThread = new Map<string, DiaryEntry[]>()
  let number = 0
  return {
    read: (threadId: string): readonly DiaryEntry[] => byThread.get(threadId) ?? [],
    now: (): string => clock.now().toISOString(),
    write: (threadId: string, entry: Omit<DiaryEntry, 'number'>): void => {
      number += 1
      const entries = byThread.get(threadId) ?? []
      if (!byThread.has(threadId) && byThread.size >= threadsMax) byThread.clear()
      byThread.set(threadId, [...entries.slice(-perThreadMax), { ...entry, number }])
    },
  }
}

export type Diary = ReturnType<typeof createDiary>

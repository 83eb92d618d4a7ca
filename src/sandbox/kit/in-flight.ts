/** What was taken out of the table and is not yet recorded there. */
export type InFlight = {
  ids(): string[]
  count(): number
  add(rows: { id: string }[]): void
  release(rows: { id: string }[]): void
  whenEmpty(): Promise<void>
}

export function createInFlight(): InFlight {
  const taken = new Set<string>()
  const waiting: (() => void)[] = []
  return {
    ids: () => [...taken],
    count: () => taken.size,
    add(rows) {
      for (const { id } of rows) taken.add(id)
    },
    release(rows) {
      for (const { id } of rows) taken.delete(id)
      if (taken.size > 0) return
      for (const tell of waiting.splice(0)) tell()
    },
    whenEmpty: () => (taken.size === 0 ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve))),
  }
}

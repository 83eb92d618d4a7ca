import { closeSync, existsSync, openSync, readSync } from 'node:fs'

/** What the runner wants to know of tests, one line of JSON each, as it happens; `atMs` since the process began. */
export type Note = { file: string; atMs: number } & News

export type News =
  | { kind: 'running' | 'done'; name: string }
  | { kind: 'passed'; name: string }
  | { kind: 'skipped'; name: string; reason: string }
  | { kind: 'failed'; name: string; detail: string }
  /** The file has ended. */
  | { kind: 'end' }

/** Stands in the output before what the file prints. */
export function markOf(file: string): string {
  return `\u0001${file}\u0001`
}

/** Reads a file of notes while somebody writes it. */
export function followNotes(path: string): { read(): Note[]; close(): void } {
  const notes: Note[] = []
  const chunk = Buffer.alloc(65_536)
  let fd: number | undefined
  let rest = Buffer.alloc(0)
  const read = (): Note[] => {
    if (fd === undefined && existsSync(path)) fd = openSync(path, 'r')
    if (fd === undefined) return notes
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
      rest = Buffer.concat([rest, chunk.subarray(0, length)])
    }
    const end = rest.lastIndexOf('\n') + 1
    const whole = rest.subarray(0, end).toString().split('\n').slice(0, -1)
    rest = rest.subarray(end)
    notes.push(...whole.map((line): Note => JSON.parse(line)))
    return notes
  }
  const close = () => {
    if (fd !== undefined) closeSync(fd)
  }
  return { read, close }
}

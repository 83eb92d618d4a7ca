import type { Pool } from 'pg'

/** Time as the simulated provider sees it: the real clock plus what `POST /_sandbox/advance` added. */
export type SandboxClock = {
  nowMs(): number
  /** Without the advance: signatures must be fresh in the other side's eyes. */
  realMs(): number
  advance(ms: number): Promise<void>
  reset(): void
}

export async function createClock(pool: Pool, schema: string, realMs: () => number): Promise<SandboxClock> {
  const { rows } = await pool.query<{ value: string }>(
    `select value from ${schema}.setting where name = 'clock_offset_ms'`,
  )
  let offset = Number(rows[0]?.value ?? 0)
  return {
    nowMs: () => realMs() + offset,
    realMs,
    async advance(ms) {
      offset += ms
      await pool.query(
        `insert into ${schema}.setting values ('clock_offset_ms', $1) on conflict (name) do update set value = excluded.value`,
        [String(offset)],
      )
    },
    reset() {
      offset = 0
    },
  }
}

import type { Pool } from 'pg'
import type { SandboxClock } from '../sandbox.ts'

export async function createClock(pool: Pool, realMs: () => number): Promise<SandboxClock> {
  const { rows } = await pool.query<{ value: string }>(
    `select value from sandbox_wechatpay.setting where name = 'clock_offset_ms'`,
  )
  let offset = Number(rows[0]?.value ?? 0)
  return {
    nowMs: () => realMs() + offset,
    realMs,
    async advance(ms) {
      offset += ms
      await pool.query(
        `insert into sandbox_wechatpay.setting values ('clock_offset_ms', $1) on conflict (name) do update set value = excluded.value`,
        [String(offset)],
      )
    },
    reset() {
      offset = 0
    },
  }
}

import type { PoolClient } from 'pg'
import type { Sandbox } from '../sandbox.ts'
import type { AnyRow } from './documents.ts'
import type { TaskName } from './work.ts'

export type Pending = {
  rows: Map<string, AnyRow>
  effects: { mchid: string; subject: string; effect: string }[]
  notifications: PendingNotification[]
  tasks: { name: TaskName; subject: string; due_ms: number }[]
  after: (() => Promise<void>)[]
}

export type PendingNotification = {
  id: string
  mchid: string
  type: string
  subject: string
  url: string
  body: string
}

/** Everything one unit of work changed, in one statement: atomic by itself when no transaction is open. */
export async function flush(client: PoolClient, sandbox: Sandbox, pending: Pending): Promise<boolean> {
  const { rows, effects, notifications, tasks } = pending
  if (rows.size + effects.length + notifications.length + tasks.length === 0) return false
  const dueMs = sandbox.clock.nowMs() + sandbox.settings.notifyDelayMs
  const deliveries = notifications.flatMap((notification) =>
    sandbox.faults.deliveriesOf(notification).map(({ delayMs, isProbe }) => ({
      notification_id: notification.id,
      is_probe: isProbe,
      due_ms: dueMs + delayMs,
    })),
  )
  await client.query({
    name: 'wechatpay-flush',
    text: FLUSH,
    values: [[...rows.values()], effects, notifications, deliveries, tasks].map((list) => JSON.stringify(list)),
  })
  return notifications.length + tasks.length > 0
}

const FLUSH = `
with written as (
  insert into sandbox_wechatpay.object (kind, id, mchid, wxid, parent, at_ms, doc)
  select kind, id, mchid, wxid, parent, at_ms, doc
  from json_to_recordset($1::json) as r (kind text, id text, mchid text, wxid text, parent text, at_ms bigint, doc json)
  on conflict (kind, id) do update set wxid = excluded.wxid, parent = excluded.parent, doc = excluded.doc
), happened as (
  insert into sandbox_wechatpay.effect (mchid, subject, effect)
  select mchid, subject, effect from json_to_recordset($2::json) as r (mchid text, subject text, effect text)
), told as (
  insert into sandbox_wechatpay.notification (id, mchid, type, subject, url, body)
  select id, mchid, type, subject, url, body from json_to_recordset($3::json)
    as r (id text, mchid text, type text, subject text, url text, body text)
), delivered as (
  insert into sandbox_wechatpay.delivery (notification_id, is_probe, due_ms)
  select notification_id, is_probe, due_ms from json_to_recordset($4::json)
    as r (notification_id text, is_probe boolean, due_ms bigint)
)
insert into sandbox_wechatpay.task (name, subject, due_ms)
select name, subject, due_ms from json_to_recordset($5::json) as r (name text, subject text, due_ms bigint)
`

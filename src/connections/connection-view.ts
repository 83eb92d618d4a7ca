import type { ChannelCapabilities } from '#channels/channel.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { ConnectionRow } from './repo.ts'
import type { ConnectionView } from './schemas.ts'

/** The connection as clients read it; of its secrets only the hints. */
export const showConnection = (
  row: ConnectionRow,
  capabilities: ChannelCapabilities | undefined,
  publicUrl: string,
): ConnectionView => ({
  id: showId('connection', row.id),
  object: 'connection',
  channel: row.channel,
  external_id: row.external_id,
  name: row.name,
  status: row.status,
  failure: row.failure as ChannelFailure | null,
  settings: row.settings,
  secrets: row.secret_hints,
  webhook_url:
    row.channel === 'veto' ? null : `${publicUrl}/webhooks/channels/${row.channel}/${showId('connection', row.id)}`,
  capabilities: capabilities ? showCapabilities(capabilities) : null,
  checked: row.checked_at && unixSeconds(row.checked_at),
  livemode: row.livemode,
  created: unixSeconds(row.created_at),
})

const showCapabilities = (can: ChannelCapabilities) => ({
  native_pay: can.nativePay === 'all' ? ('all' as const) : [...can.nativePay],
  veto: can.veto,
  shipping: can.shipping,
  tips: can.tips,
  partial_refund: can.partialRefund,
  edit_message: can.editMessage,
  receipt: can.receipt,
  window: { hours: can.window.hours, after_window: can.window.afterWindow },
  buttons: { max: can.buttons.max, title_max: can.buttons.titleMax, url_max: can.buttons.urlMax },
  text: can.text,
  rate_per_second: can.ratePerSecond,
})

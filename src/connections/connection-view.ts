import type { ChannelCapabilities } from '#channels/channel.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { ProviderCapabilities } from '#providers/provider.ts'
import { isProviderChannel } from './place.ts'
import type { ConnectionRow } from './repo.ts'
import type { ConnectionView } from './schemas.ts'

/** The connection as clients read it; of its secrets only the hints. */
export const showConnection = (
  row: ConnectionRow,
  capabilities: ConnectionView['capabilities'],
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
  webhook_url: webhookUrl(row, publicUrl),
  capabilities,
  checked: row.checked_at && unixSeconds(row.checked_at),
  livemode: row.livemode,
  created: unixSeconds(row.created_at),
})

/** Where the platform or the provider sends its news; a veto endpoint sends none. */
export const webhookUrl = (
  { channel, id }: Pick<ConnectionRow, 'channel' | 'id'>,
  publicUrl: string,
): string | null => {
  if (channel === 'veto') return null
  const kind = isProviderChannel(channel) ? 'providers' : 'channels'
  return `${publicUrl}/webhooks/${kind}/${channel}/${showId('connection', id)}`
}

export const showChannel = (can: ChannelCapabilities) => ({
  native_pay: can.nativePay === 'all' ? ('all' as const) : [...can.nativePay],
  invoice_links: [...(can.invoiceLinks ?? [])],
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

export const showProvider = (can: ProviderCapabilities) => ({
  currencies: can.currencies === 'all' ? ('all' as const) : [...can.currencies],
  manual_capture: can.manualCapture,
  partial_capture: can.partialCapture,
  multicapture: can.multicapture ?? false,
  overcapture: can.overcapture ?? false,
  incremental_authorization: can.incrementalAuthorization,
  partial_refund: can.partialRefund,
  saved_methods: can.savedMethods,
})

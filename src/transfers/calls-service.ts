import { showId } from '#kernel/ids.ts'
import type { ProviderAnswer } from '#providers/provider.ts'
import type { ProviderTransfer, TransferCalls, TransferCommand } from '#providers/transfers.ts'
import type { OutboundDeps } from './apply-service.ts'
import type { OutboundOperation } from './operation-repo.ts'
import type { OutboundRow } from './repo.ts'
import type { CreateOutbound } from './schemas.ts'

export type TransferAnswer = ProviderAnswer<ProviderTransfer>

/** A payment, the operation that sends it, and the calls of its account. */
export interface Sending {
  calls: TransferCalls
  row: OutboundRow
  send: OutboundOperation
}

/** What an operation needs besides the row, written with it, so that a repetition is the same request. */
export const storeCommand = (
  { secrets }: Pick<OutboundDeps, 'secrets'>,
  outboundPaymentId: string,
  { reports, recipient_name: name }: Pick<CreateOutbound, 'reports' | 'recipient_name'>,
): Record<string, unknown> => ({
  reports,
  ...(name === undefined ? {} : { name: secrets.seal(name, outboundPaymentId).toString('base64') }),
})

/** The one place that sends money. The key is the operation's id, always: sent again it is the same transfer. */
export const sendTransfer = ({ secrets }: OutboundDeps, { calls, row, send }: Sending): Promise<TransferAnswer> => {
  const { name } = send.command
  return calls.send({
    idempotencyKey: keyOf(send),
    payee: row.payee,
    amount: row.amount,
    currency: row.currency as TransferCommand['currency'],
    note: row.description,
    ...(typeof name === 'string' ? { name: secrets.open(Buffer.from(name, 'base64'), row.id) } : {}),
    reports: send.command.reports as TransferCommand['reports'],
  })
}

export const cancelTransfer = ({ calls, send }: Sending): Promise<TransferAnswer> =>
  calls.cancel({ idempotencyKey: keyOf(send) })

/**
 * The transfer as the provider knows it; `absent`: certainly not. One that waits for the person is asked for again with
 * its key if nobody knows yet what their app needs, for only the answer to that says so.
 */
export const findTransfer = async (deps: OutboundDeps, sending: Sending): Promise<TransferAnswer | 'absent'> => {
  const found = await sending.calls.find({ idempotencyKey: keyOf(sending.send) })
  if (found.outcome !== 'ok') return found
  const { value } = found
  if (!value) return 'absent'
  const isMute = value.state === 'requires_action' && !value.confirmation && sending.row.confirmation === null
  const told = isMute ? await sendTransfer(deps, sending) : found
  return told.outcome === 'ok' && told.value?.ref === value.ref ? { ...told, value: told.value } : { ...found, value }
}

const keyOf = ({ id }: OutboundOperation): string => showId('operation', id)

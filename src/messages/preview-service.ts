import { CardRefusedError, type ChannelId, isChannelId } from '#channels/channel.ts'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { type CarrierRow, findCarrier } from './card-repo.ts'
import { type CardDeps, readCard, readVoice } from './card-service.ts'
import { exampleConnection } from './example-connection.ts'
import type { NewMessage, ThreadRow } from './repo.ts'
import type { Preview } from './schemas.ts'

type Carrier = Pick<CarrierRow, 'channel' | 'external_id' | 'name' | 'settings'>

/**
 * What each channel would get of a message: the merchant's own connection where there is one, else an example. Throws
 * `message_content_refused` with the limit that a platform's renderer names.
 */
export const previewMessage = async (
  tx: Tx,
  deps: CardDeps,
  thread: ThreadRow,
  row: NewMessage,
  channels: readonly ChannelId[],
): Promise<Preview> => {
  const voice = await readVoice(tx, thread)
  const data: Preview['data'] = []
  for (const channel of channels) {
    const isOwn = channel === thread.channel
    const carrier =
      (await findCarrier(tx, { ...thread, channel, connection_id: isOwn ? thread.connection_id : null })) ??
      exampleConnection(channel)
    const read = await readCard(tx, deps, voice, row, carrier)
    const text = row.text === '' && read ? read.card.sentence : row.text
    const content = { text, ...(read ? { card: read.card } : {}) }
    const threadExternalId = isOwn ? thread.external_id : exampleThread
    const {
      method,
      payload,
      text: plain,
      warnings,
    } = renderFor(deps, carrier, {
      threadExternalId,
      locale: voice.locale,
      content,
      rung: 'window',
      messageId: showId('message', row.id),
      now: deps.clock.now(),
    })
    data.push({ channel, method, payload: { ...payload }, text: plain, warnings: [...warnings] })
  }
  return { object: 'message_preview', data }
}

/** The person of an example, where the thread belongs to another channel. */
const exampleThread = '1000000001'

type Request = Omit<Parameters<CardDeps['channels'][ChannelId]['render']>[0], 'connection'>

/** Renders for a connection, or says which of the platform's limits the content breaks. */
export const renderFor = (deps: CardDeps, carrier: Carrier, request: Request) => {
  const { channel, external_id: externalId, name, settings } = carrier
  if (!isChannelId(channel)) throw new RangeError(`${channel} carries no messages`)
  try {
    return deps.channels[channel].render({ ...request, connection: { channel, externalId, name, settings } })
  } catch (error) {
    if (!(error instanceof CardRefusedError)) throw error
    throw new AppError('message_content_refused', { message: `${channel}: ${error.message}`, cause: error })
  }
}

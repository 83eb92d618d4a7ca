import { CardRefusedError, type Channels, isChannelId, type Rendered, type RenderRequest } from '#channels/channel.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import type { CarrierRow } from './card-repo.ts'
import { type MessageRoute, nextRung, type Situation } from './ladder.ts'

export type Plan =
  | { ok: true; route: MessageRoute; carrier: CarrierRow; rendered: Rendered }
  | { ok: false; failure: ChannelFailure }

export interface PlanInput {
  channels: Channels
  /** The thread's own connection. */
  carrier: CarrierRow
  merchantRoute: CarrierRow | undefined
  situation: Situation
  /** The rung to begin with; undefined: there is none. */
  first: MessageRoute | undefined
  /** How many messages the person has agreed to get, by template. */
  consents: Readonly<Record<string, number>>
  /** The platform's id of the conversation, and how it is named where the merchant's own system must know the channel. */
  threadExternalId: string
  threadName: string
  request: Pick<RenderRequest, 'locale' | 'content' | 'messageId' | 'now'> & { edits?: string }
}

/** Goes down the ladder to the first rung that can carry this content, and lays it out there. */
export const planMessage = (input: PlanInput): Plan => {
  let refusal: string | undefined
  for (let route = input.first; route !== undefined; route = nextRung(route, input.situation)) {
    const carrier = route === 'merchant' ? input.merchantRoute : input.carrier
    if (!carrier) continue
    try {
      const rendered = renderOn(input, route, carrier)
      const { consent } = rendered
      if (consent !== undefined && !((input.consents[consent] ?? 0) > 0))
        throw new CardRefusedError(`the person has agreed to no message by ${consent}`)
      return { ok: true, route, carrier, rendered }
    } catch (error) {
      if (!(error instanceof CardRefusedError)) throw error
      // Freely, nothing stands between the content and the platform's limits; further down a template may be missing.
      if (route === 'window') return { ok: false, failure: contentRefused(error.message) }
      refusal ??= error.message
    }
  }
  return { ok: false, failure: noWay(refusal) }
}

const renderOn = (input: PlanInput, route: MessageRoute, carrier: CarrierRow): Rendered => {
  if (!isChannelId(carrier.channel)) throw new CardRefusedError(`${carrier.channel} carries no messages`)
  const { channel, external_id: externalId, settings, name } = carrier
  return input.channels[channel].render({
    ...input.request,
    connection: { channel, externalId, settings, name },
    threadExternalId: route === 'merchant' ? input.threadName : input.threadExternalId,
    rung: route === 'merchant' ? 'window' : route,
  })
}

export const contentRefused = (code: string): ChannelFailure => ({
  reason: 'content_refused',
  code: code.slice(0, 300),
  advice: 'Shorten or change what the message shows; the code names the limit.',
})

const noWay = (refusal: string | undefined): ChannelFailure => ({
  reason: 'window_closed',
  code: refusal?.slice(0, 300) ?? 'no_route',
  advice:
    'The platform takes no free message any more. Wait until the person writes or consents, set up an approved ' +
    'template, or connect your own channel (custom).',
})

import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Channels } from '#channels/channel.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import { AppError } from '#kernel/errors.ts'
import { coerce, type JsonSchema } from '#platform/coerce.ts'
import type { Raw } from '#platform/form.ts'
import { parseOrThrow } from '#platform/http-errors.ts'
import type { Outbound } from '#platform/outbound.ts'
import { showSecret } from '#platform/outbound-signature.ts'
import type { ProviderAdapters } from '#providers/accounts.ts'
import { isProviderChannel } from './place.ts'
import type { ConnectionRow } from './repo.ts'
import { vetoSettings } from './schemas.ts'

export interface Credentials {
  settings: Record<string, unknown>
  secrets: Record<string, string>
}

export interface Account extends Credentials {
  externalId: string
  name: string
}

interface TesterDeps {
  channels: Channels
  adapters: ProviderAdapters
  outbound: Outbound
}

export type Tested = { ok: true; account: Account } | { ok: false; failure: ChannelFailure }

/** Parses what a channel is connected with and asks the platform whose it is. Called outside of transactions. */
export const createTester = ({ channels, adapters, outbound }: TesterDeps) => ({
  /** What a client sent, by the adapter's own schemas. Throws the first mistake as `settings[…]` or `secrets[…]`. */
  parse: (channel: ConnectionRow['channel'], given: { settings: object; secrets: object }): Credentials => {
    const schema = credentialSchema({ channels, adapters }, channel)
    const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
    return parseOrThrow(schema, coerce(json, given as Raw)) as unknown as Credentials
  },

  test: async (
    { merchantId, id, livemode }: { merchantId: string; id: string; livemode: boolean },
    channel: ConnectionRow['channel'],
    { settings, secrets }: Credentials,
  ): Promise<Tested> => {
    if (channel === 'veto') return testVeto(outbound, settings, secrets)
    if (isProviderChannel(channel)) {
      const tested = await adapters[channel].test({ merchantId, id, settings, secrets, livemode })
      if (!tested.ok) return tested
      const { externalId, name } = tested
      const account = { externalId, name: name.slice(0, 200), settings: { ...settings, ...tested.settings }, secrets }
      return { ok: true, account }
    }
    const tested = await channels[channel].test({ merchantId, id, channel, settings, secrets, livemode })
    if (!tested.ok) return tested
    const { externalId, name } = tested
    return { ok: true, account: { settings, secrets, externalId, name: name.slice(0, 200) } }
  },
})

export type Tester = ReturnType<typeof createTester>

/** One field's answer for what a platform said to the credentials. */
export const refusedConnection = (failure: ChannelFailure): AppError => {
  const isLater = failure.reason === 'temporary' || failure.reason === 'rate_limited'
  const said = `${failure.reason}${failure.code === '' ? '' : `, ${failure.code}`}`
  return new AppError(isLater ? 'provider_error' : 'connection_refused', {
    message: `The platform ${isLater ? 'could not check' : 'refused'} these credentials (${said}): ${failure.advice}`,
    extra: { failure },
  })
}

const credentialSchema = (
  { channels, adapters }: Pick<TesterDeps, 'channels' | 'adapters'>,
  channel: ConnectionRow['channel'],
) => {
  if (channel === 'veto') return z.strictObject({ settings: vetoSettings, secrets: z.strictObject({}) })
  const { settings, secrets } = isProviderChannel(channel) ? adapters[channel] : channels[channel]
  return z.strictObject({ settings, secrets })
}

/** Nothing is sent: the endpoint is asked about payments only. Its signing secret is ours, made once. */
const testVeto = (outbound: Outbound, settings: Credentials['settings'], secrets: Credentials['secrets']): Tested => {
  const url = String(settings.url)
  const refusal = outbound.refusal(url)
  if (refusal !== undefined)
    throw new AppError('url_invalid', { message: `Invalid url: ${refusal}.`, param: 'settings[url]' })
  const signing_secret = secrets.signing_secret ?? showSecret(randomBytes(24))
  return {
    ok: true,
    account: { settings, secrets: { signing_secret }, externalId: 'veto', name: new URL(url).hostname },
  }
}

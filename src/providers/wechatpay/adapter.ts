import { z } from 'zod'
import { type Clock, systemClock } from '#kernel/clock.ts'
import type { CredentialFailure, ProviderAdapter, ProviderConnection } from '#providers/accounts.ts'
import { readAccount, type WechatpayAccount, type WechatpaySecrets, type WechatpaySettings } from './account.ts'
import { createWechatpayClient } from './client.ts'
import { capabilitiesOf, createWechatpayProvider, wechatpayCapabilities } from './index.ts'
import { pathsOf } from './paths.ts'
import { registerComplaints } from './registration.ts'

const settings = z.strictObject({
  mchid: z
    .string()
    .regex(/^\d{6,32}$/)
    .meta({ description: 'The merchant number; overseas behind an institution, the institution’s.' }),
  appid: z
    .string()
    .regex(/^\w{6,32}$/)
    .meta({ description: 'The official account, mini program or app that sells, bound to the merchant number.' }),
  kind: z
    .enum(['official_account', 'mini_program', 'app'])
    .optional()
    .meta({ description: 'What the appid is. Default: official_account.' }),
  h5: z
    .boolean()
    .optional()
    .meta({ description: 'Whether WeChat has approved payments from browsers of phones (H5). Default: false.' }),
  region: z
    .enum(['cn', 'global'])
    .optional()
    .meta({ description: 'global: the overseas product, for merchants outside mainland China. Default: cn.' }),
  sub_mchid: z
    .string()
    .regex(/^\d{6,32}$/)
    .optional()
    .meta({ description: 'Overseas: the merchant behind the institution.' }),
  sub_appid: z
    .string()
    .regex(/^\w{6,32}$/)
    .optional(),
  transfer_scene_id: z
    .string()
    .regex(/^\d{4}$/)
    .optional()
    .meta({ description: 'The occasion for which WeChat has approved transfers to users: 1000, 1005 …' }),
  merchant_category_code: z
    .string()
    .regex(/^\d{4}$/)
    .optional()
    .meta({ description: 'Overseas: four digits (ISO 18245).' }),
})

const pem = z.string().regex(/-----BEGIN [A-Z ]+-----[\s\S]+-----END [A-Z ]+-----/)

const secrets = z.strictObject({
  private_key: pem.meta({ description: 'apiclient_key.pem of the merchant’s API certificate.' }),
  serial_no: z
    .string()
    .regex(/^[0-9A-Fa-f]{8,64}$/)
    .meta({ description: 'The serial number of that certificate.' }),
  api_v3_key: z
    .string()
    .regex(/^[\x21-\x7e]{32}$/)
    .meta({ description: 'The APIv3 key, 32 characters.' }),
  public_key_id: z
    .string()
    .regex(/^PUB_KEY_ID_\w+$/)
    .optional()
    .meta({ description: 'The id of WeChat Pay’s public key, PUB_KEY_ID_….' }),
  public_key: pem
    .optional()
    .meta({ description: 'WeChat Pay’s public key. Without it the platform certificates are downloaded.' }),
})

/** WeChat Pay with a merchant's own account. `apiBase`: another host than WeChat's own, for the sandbox. */
export const createWechatpayAdapter = ({
  apiBase,
  clock = systemClock,
}: {
  apiBase?: string | undefined
  clock?: Clock
}): ProviderAdapter => ({
  id: 'wechatpay',
  settings,
  secrets,
  capabilities: wechatpayCapabilities,
  capabilitiesOf: ({ region }) => capabilitiesOf(region === 'global' ? 'global' : 'cn'),
  test: async (connection) => {
    const account = tryAccount(connection)
    if ('failure' in account) return { ok: false, failure: account.failure }
    const failure = await probe(account, apiBase, clock)
    const { mchid, subMchid } = account
    return failure
      ? { ok: false, failure }
      : { ok: true, externalId: subMchid ?? mchid, name: `WeChat Pay ${subMchid ?? mchid}` }
  },
  register: async (connection, notifyUrl) => {
    const account = accountOf(connection)
    // Abroad there are no complaints.
    if (account.region === 'global') return undefined
    return registerComplaints(createWechatpayClient({ account, clock, apiBase }), notifyUrl)
  },
  open: (connection, notifyUrl) =>
    createWechatpayProvider({
      account: accountOf(connection),
      notifyUrl,
      livemode: connection.livemode,
      apiBase,
      clock,
    }),
})

const accountOf = ({ settings, secrets }: ProviderConnection): WechatpayAccount =>
  readAccount(settings as unknown as WechatpaySettings, secrets as unknown as WechatpaySecrets)

const tryAccount = (connection: ProviderConnection): WechatpayAccount | { failure: CredentialFailure } => {
  try {
    return accountOf(connection)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { failure: broken('', `${error.message}.`) }
  }
}

/** An order that nobody has made: WeChat must say that it does not exist, and sign that with a key that we know. */
const noOrder = 'parley_credentials_test'

const probe = async (
  account: WechatpayAccount,
  apiBase: string | undefined,
  clock: Clock,
): Promise<CredentialFailure | undefined> => {
  const client = createWechatpayClient({ account, clock, apiBase })
  const reply = await client.send({ method: 'GET', path: pathsOf(account).order(noOrder) })
  if (reply.kind === 'done' || (reply.kind === 'error' && reply.verdict === 'absent')) return undefined
  const { code } = reply
  if (Object.hasOwn(advice, code)) return broken(code, advice[code] ?? '')
  if (reply.kind === 'error') return broken(code, reply.decline.message)
  if (reply.reason.includes('without proof'))
    return broken(
      code,
      `The answer could not be verified (${reply.reason}): check public_key, public_key_id and api_v3_key.`,
    )
  return { reason: 'temporary', code, advice: 'WeChat Pay did not answer. Try again in a minute.' }
}

const broken = (code: string, advice: string): CredentialFailure => ({ reason: 'connection_broken', code, advice })

const advice: Readonly<Record<string, string>> = {
  SIGNERROR: 'WeChat Pay did not accept the signature: check private_key, serial_no and mchid.',
  MCHNOTEXISTS: 'WeChat Pay does not know this mchid.',
  NOAUTH: 'This merchant number may not use API v3 yet: apply for it on the merchant platform.',
  APPIDMCHIDNOTMATCH: 'Bind the appid to the merchant number on the merchant platform.',
}

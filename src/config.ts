import { z } from 'zod'

const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const url = (protocols: RegExp) => z.url({ protocol: protocols })
const whole = (min: number, max: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(min).max(max))

/**
 * The one schema of the environment. `.env.example` is checked against it, and a value that does not fit stops the
 * start with the variable's name and what to put there. `.describe()` is that help text.
 */
export const environment = z.object({
  PORT: whole(0, 65535).default(4242).describe('Port of the API, 0 for any free one.'),
  HOST: z
    .string()
    .min(1)
    .optional()
    .describe('Address to listen on. Default 127.0.0.1 with npm start, 0.0.0.0 for the single processes.'),
  PUBLIC_URL: url(/^https?$/)
    .optional()
    .describe('How payers reach this service, for example https://pay.example.com. Default: http://localhost:<PORT>.'),
  DATABASE_URL: url(/^postgres(ql)?$/)
    .optional()
    .describe('PostgreSQL 15 or later. Unset: an embedded PostgreSQL 18 in .parley/ (npm start only).'),
  DATABASE_POOL_MAX: whole(2, 200).default(12).describe('Connections of the application pool per process.'),
  QUEUE_URL: url(/^(postgres(ql)?|rediss?)$/)
    .optional()
    .describe('Where BullMQ keeps its jobs: postgres:// or redis:// / rediss://. Unset: the same database.'),
  PARLEY_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('Signs links and encrypts stored secrets; at least 32 random characters: openssl rand -hex 32.'),
  CONNECTIONS_KEYS: z
    .string()
    .regex(
      /^[\w-]{1,32}:[0-9a-f]{64}(,[\w-]{1,32}:[0-9a-f]{64})*$/i,
      'must be id:64 hexadecimal digits, comma-separated',
    )
    .transform((text) =>
      text.split(',').map((one) => {
        const [id = '', key = ''] = one.split(':')
        return { id, key: Buffer.from(key, 'hex') }
      }),
    )
    .refine((keys) => new Set(keys.map((one) => one.id)).size === keys.length, 'must not name an id twice')
    .optional()
    .describe(
      'Keys that seal the secrets of connections, newest first: id:64 hexadecimal digits, separated by commas. After a change: npm run connections:rotate. Unset: derived from PARLEY_SECRET.',
    ),
  META_API_BASE: url(/^https?$/)
    .optional()
    .describe('Another Graph API (Messenger, WhatsApp), for tests and proxies.'),
  TELEGRAM_API_BASE: url(/^https?$/)
    .optional()
    .describe('Another Telegram Bot API server. Unset: api.telegram.org.'),
  LINE_API_BASE: url(/^https?$/)
    .optional()
    .describe('Another LINE Messaging API, for tests and proxies.'),
  WECHAT_API_BASE: url(/^https?$/)
    .optional()
    .describe('Another WeChat API, for tests and proxies.'),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_/, 'must start with sk_ or rk_')
    .optional()
    .describe('Secret key of your Stripe account. Unset: the built-in sandbox.'),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .min(8)
    .optional()
    .describe('Signing secret(s) of the Stripe webhook endpoint, whsec_…; several separated by commas while rotating.'),
  STRIPE_PUBLISHABLE_KEY: z
    .string()
    .regex(/^pk_(test|live)_\w+$/, 'must start with pk_test_ or pk_live_')
    .optional()
    .describe(
      'Publishable key of the same account, for merchants that show Stripe’s fields on the checkout page. Unset: they cannot.',
    ),
  STRIPE_API_BASE: url(/^https?$/)
    .optional()
    .describe('Another Stripe-compatible API, for tests. Unset: api.stripe.com, or the sandbox when no key is set.'),
  WECHATPAY_MCHID: z
    .string()
    .regex(/^\d+$/)
    .optional()
    .describe(
      'Your merchant number at WeChat Pay, if payments may go to your own account there. Merchants can connect theirs without.',
    ),
  WECHATPAY_APPID: z
    .string()
    .min(1)
    .optional()
    .describe('The official account or mini program that sells, bound to it.'),
  WECHATPAY_KIND: z
    .enum(['official_account', 'mini_program', 'app'])
    .default('official_account')
    .describe('What the appid is.'),
  WECHATPAY_H5: flag.default(false).describe('Whether WeChat has approved payments from browsers of phones.'),
  WECHATPAY_SERIAL_NO: z.string().min(1).optional().describe("Serial number of the merchant's API certificate."),
  WECHATPAY_PRIVATE_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('Its private key (apiclient_key.pem); line breaks may be written as \\n.'),
  WECHATPAY_API_V3_KEY: z.string().length(32).optional().describe('The APIv3 key, 32 characters.'),
  WECHATPAY_PUBLIC_KEY_ID: z
    .string()
    .min(1)
    .optional()
    .describe("Id of WeChat Pay's public key, PUB_KEY_ID_…. Unset: its certificates are downloaded."),
  WECHATPAY_PUBLIC_KEY: z.string().min(1).optional().describe('That public key (PEM).'),
  WECHATPAY_API_BASE: url(/^https?$/)
    .optional()
    .describe('Another WeChat Pay API, for tests and the sandbox.'),
  SANDBOX_PORT: whole(0, 65535).optional().describe('Port of the Stripe sandbox. Default PORT + 1, or any free one.'),
  SANDBOX_SEED: z.string().min(1).default('parley').describe('Seed of the sandbox: the same seed gives the same ids.'),
  TRUSTED_PROXIES: whole(0, 10)
    .default(0)
    .describe('How many proxies of yours stand in front, whose X-Forwarded-For names the payer. WeChat asks for it.'),
  RATE_LIMIT_PER_SECOND: whole(1, 1_000_000).default(5000).describe('Requests per second that one API key may make.'),
  ALLOW_PRIVATE_WEBHOOKS: flag
    .optional()
    .describe('Whether notifications may go to loopback and private addresses. Default: only with the sandbox.'),
  WORKER_CONCURRENCY: whole(1, 512).default(32).describe('Jobs that one worker process runs at once.'),
  EXPORTS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe('Folder for export files, the same one for every process. Default: .parley/exports.'),
  EXPORTS_S3_URL: url(/^https?$/)
    .optional()
    .describe(
      'Keep export files in this S3 bucket instead, for example https://s3.eu-central-1.amazonaws.com/my-bucket.',
    ),
  EXPORTS_S3_REGION: z.string().min(1).default('us-east-1').describe('Region of the bucket.'),
  EXPORTS_S3_ACCESS_KEY_ID: z.string().min(1).optional().describe('Access key id for the bucket.'),
  EXPORTS_S3_SECRET_ACCESS_KEY: z.string().min(1).optional().describe('Secret access key for the bucket.'),
  LEDGER_FOUR_EYES: flag
    .default(true)
    .describe('Whether adjustments, reversals and periods need a second API key that approves. false: one is enough.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('warn')
    .describe('Least important log level that is written.'),
})

export type Environment = z.infer<typeof environment>

/** Parses the environment; throws one readable message naming every wrong variable. */
export const parseEnvironment = (env: Record<string, string | undefined>): Environment => {
  const given = Object.fromEntries(
    Object.keys(environment.shape).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  )
  const parsed = environment.safeParse(given)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]) as keyof Environment
    return `  ${name}: ${issue.message}. ${environment.shape[name].description ?? ''}`
  })
  throw new ConfigurationError(`The configuration is not valid:\n${lines.join('\n')}`)
}

export class ConfigurationError extends Error {
  override name = 'ConfigurationError'
}

/** What a production process must be told; the embedded start fills these in by itself. */
export const requireSetting = <K extends keyof Environment>(env: Environment, name: K): NonNullable<Environment[K]> => {
  const value = env[name]
  if (value === undefined || value === null) {
    throw new ConfigurationError(`${name} is not set. ${environment.shape[name].description ?? ''}`)
  }
  return value
}

import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { AccountService } from '#accounts/service.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { merchantOfKey, type Role, roles } from '#platform/api-keys.ts'
import { routingUpdate } from '#routing/schemas.ts'
import type { RoutingService } from '#routing/service.ts'

/** What the demo merchant is known by. Secrets of a database on this machine only. */
export interface Demo {
  merchant: string
  keys: Record<Role, string>
}

const demoFile = z.object({
  merchant: z.string(),
  keys: z.object({
    service: z.string(),
    merchant: z.string(),
    bot: z.string(),
    finance: z.string(),
    platform: z.string(),
  }),
})

/** Finds the demo merchant of an earlier start by its keys, or makes one with a key of every role. */
export const seedDemo = async (accounts: AccountService, path: string, publicUrl: string): Promise<Demo> => {
  const known = demoFile.safeParse(await readJson(path))
  const merchantId = known.success ? parseId('merchant', known.data.merchant) : undefined
  if (known.success && merchantId && (await isAlive(accounts, merchantId, known.data.keys.service))) return known.data
  const id = newUuid()
  await accounts.createMerchant(id, 'Blüte Flowers', {
    support_email: 'hello@bluete.example',
    accent: '#b8336a',
    logo_url: `${publicUrl}/demo/art/logo.svg`,
  })
  const keys = await Promise.all(
    roles.map(async (role) => {
      const key = await accounts.createKey({ merchantId: id, livemode: false }, newUuid(), { role, name: 'demo' })
      return [role, key.secret ?? ''] as const
    }),
  )
  return { merchant: showId('merchant', id), keys: Object.fromEntries(keys) as Record<Role, string> }
}

/** Money of China goes to the simulated WeChat Pay, whatever chat it is asked for in; unless somebody has said otherwise. */
export const routeDemo = async (routing: RoutingService, { merchant }: Demo): Promise<void> => {
  const id = parseId('merchant', merchant) ?? ''
  const { rules, default: otherwise } = await routing.retrieve(id)
  if (rules.length > 0 || otherwise.length > 0) return
  const rule = { name: 'yuan', when: { currencies: ['cny'] }, use: [{ provider: 'wechatpay' }] }
  await routing.update(id, routingUpdate.parse({ rules: [rule] }))
}

/** The file may be older than the database (somebody deleted one of the two). */
const isAlive = async (accounts: AccountService, merchantId: string, key: string): Promise<boolean> => {
  if (merchantOfKey(key) !== merchantId) return false
  const keys = await accounts.listKeys(merchantId, { limit: 100 })
  return keys.data.some((one) => one.hint.endsWith(key.slice(-4)) && one.expires_at === null)
}

/** Written whole or not at all, readable by its owner only. */
export const writeDemoFile = async (path: string, content: object): Promise<void> => {
  const draft = `${path}.new`
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, path)
}

/** The signing secret of this folder's database, made once. */
export const readOrCreateSecret = async (path: string): Promise<string> => {
  const secret = randomBytes(32).toString('hex')
  try {
    await writeFile(path, secret, { mode: 0o600, flag: 'wx' })
    return secret
  } catch {
    return (await readFile(path, 'utf8')).trim()
  }
}

const readJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch {
    return undefined
  }
}

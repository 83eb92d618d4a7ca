import { newUuid, showId } from '#kernel/ids.ts'
import { type Role, roles } from '#platform/api-keys.ts'
import type { App } from '../../src/app.ts'

/** A merchant with a key of every role. */
export interface Shop {
  id: string
  uuid: string
  keys: Record<Role, string>
}

export const openShop = async ({ services }: Pick<App, 'services'>, name = 'Noodle Bar'): Promise<Shop> => {
  const uuid = newUuid()
  await services.accounts.createMerchant(uuid, name)
  const keys = await Promise.all(
    roles.map(async (role) => {
      const key = await services.accounts.createKey({ merchantId: uuid, livemode: false }, newUuid(), {
        role,
        name: role,
      })
      return [role, key.secret ?? ''] as const
    }),
  )
  return { id: showId('merchant', uuid), uuid, keys: Object.fromEntries(keys) as Record<Role, string> }
}

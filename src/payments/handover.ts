import type { Handover, WantedHandover } from '#providers/handover.ts'
import type { IntentStatus } from './intent-machine.ts'

/** A payment with the page that is open for it, if one is. */
interface Opened {
  status: IntentStatus
  return_url: string | null
  page_ref: string | null
  page_url: string | null
  page_handover: Record<string, unknown> | null
}

/** What the payer is handed over by, of the page that is open; undefined: by its URL alone. */
export const handoverOf = ({ page_handover }: Pick<Opened, 'page_handover'>): Handover | undefined =>
  page_handover === null ? undefined : (page_handover as unknown as Handover)

/** Whether the open page serves a payer who wants this; else it is left, and another one opened. */
export const isFor = (row: Pick<Opened, 'page_handover'>, wanted: WantedHandover | undefined): boolean => {
  const handover = handoverOf(row)
  if (handover?.kind !== wanted?.kind) return false
  return handover?.kind !== 'bridge' || handover.payer === wanted?.payer
}

type Action = { type: string } & Record<string, unknown>

/**
 * What an integrator's own front end needs to let the payer pay, while a page is open: Stripe's names where Stripe has
 * the same thing, `wechat_pay_bridge` for what runs inside WeChat.
 */
export const handoverAction = (row: Opened, checkoutUrl: string): Action | null => {
  const handover = handoverOf(row)
  const isPayable = row.status === 'requires_payment_method' || row.status === 'requires_confirmation'
  if (!handover || !isPayable || row.page_ref === null) return null
  switch (handover.kind) {
    case 'qr': {
      const type = 'wechat_pay_display_qr_code'
      const image = { image_url_svg: `${checkoutUrl}/code.svg`, image_url_png: `${checkoutUrl}/code.png` }
      return { type, [type]: { data: handover.code, hosted_instructions_url: `${checkoutUrl}?hand=1`, ...image } }
    }
    case 'bridge':
      return { type: 'wechat_pay_bridge', wechat_pay_bridge: { ...handover.params } }
    case 'app': {
      const type = 'wechat_pay_redirect_to_android_app'
      return { type, [type]: showAppParams(handover.params) }
    }
    case 'link':
      return redirectAction(row)
    // Shown on the checkout page alone.
    case 'fields':
      return null
    default:
      return handover satisfies never
  }
}

/** To a page of the provider's. */
export const redirectAction = ({ page_url, return_url }: Opened): Action => ({
  type: 'redirect_to_url',
  redirect_to_url: { url: page_url, return_url },
})

/** WeChat's SDK writes them together; Stripe's object does not. */
const showAppParams = ({ appid, noncestr, partnerid, prepayid, ...rest }: Readonly<Record<string, string>>) => ({
  app_id: appid,
  nonce_str: noncestr,
  package: rest.package,
  partner_id: partnerid,
  prepay_id: prepayid,
  sign: rest.sign,
  timestamp: rest.timestamp,
})

/** How a payer is handed over where a URL is not the way, or not the only one. */
export type Handover =
  /** Drawn as a QR code, to be scanned in the provider's app. */
  | { kind: 'qr'; code: string }
  /** For the provider's bridge inside its own app (WeChat's `getBrandWCPayRequest`, `wx.requestPayment`), signed for one payer. */
  | { kind: 'bridge'; params: Readonly<Record<string, string>>; payer: string }
  /** For the provider's SDK in an app of the merchant's. */
  | { kind: 'app'; params: Readonly<Record<string, string>> }
  /** The page's URL opens the provider's app on a phone, and nothing elsewhere. It must be told which site it comes from. */
  | { kind: 'link' }
  /** In the provider's own fields for a card, on a page of ours (`PaymentProvider.fields`). */
  | { kind: 'fields' }

export const paySurfaces = ['browser', 'phone', 'wechat', 'app'] as const

/** Where the payer is when a page is opened for them; decides which of the provider's ways fits. */
export interface PaySurface {
  /** wechat: a page or a mini program inside WeChat; app: an app of the merchant's. */
  kind: (typeof paySurfaces)[number]
  /** The payer's id inside WeChat, for the merchant's app there. */
  openid?: string
  ip?: string
}

/** How a page is wanted. */
export interface PageWay {
  surface?: PaySurface
  /** As fields on a page of ours; for a provider with `fields`. Absent: on the provider's own page. */
  use?: 'fields'
}

/** What a page is like that fits a surface: a page that is open for another one is closed before. */
export interface WantedHandover {
  kind: Handover['kind']
  /** Whom it is signed for. */
  payer?: string
}

/** Of a provider whose pages are not one URL for everybody. */
export interface HandoverRules {
  /** The merchant's app inside which payers have the ids that `PaySurface.openid` is one of. */
  readonly app?: string
  /** Undefined: a URL that works everywhere. */
  wanted(surface: PaySurface | undefined): WantedHandover | undefined
}

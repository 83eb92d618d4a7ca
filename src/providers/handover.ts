/** How a payer is handed over where a URL is not the way, or not the only one. */
export type Handover =
  /** Drawn as a QR code, to be scanned in the provider's app. */
  | { kind: 'qr'; code: string }
  /** For the provider's bridge inside its own app (WeChat's `getBrandWCPayRequest`), signed. */
  | { kind: 'bridge'; params: Readonly<Record<string, string>> }
  /** The provider's own fields on our page. */
  | { kind: 'fields'; clientSecret: string; publishableKey: string; account?: string }

/** Where the payer is when a page is opened for them; decides which of the provider's ways fits. */
export interface PaySurface {
  kind: 'browser' | 'phone' | 'wechat'
  /** The payer's id inside WeChat, for the merchant's app there. */
  openid?: string
  ip?: string
}

import type { ButtonLimits } from '#channels/card-text.ts'

/**
 * https://developers.facebook.com/docs/messenger-platform/reference/templates/generic (and /receipt, /button),
 * …/send-messages/quick-replies, …/reference/send-api. In characters.
 */
export const limits = {
  text: 2000,
  title: 80,
  subtitle: 80,
  buttonText: 640,
  receiptElements: 100,
  orderNumber: 100,
} as const

export const buttonLimits: ButtonLimits = {
  max: 3,
  title: 20,
  url: 2000,
  payload: 1000,
  quickReplies: { max: 13, title: 20, payload: 1000 },
}

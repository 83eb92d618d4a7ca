import type { ButtonLimits } from '#channels/card-text.ts'

/** https://developers.line.biz/en/reference/messaging-api/ ; LINE counts UTF-16 units. */
export const limits = {
  text: 5000,
  /** Newer clients take 1500. */
  altText: 400,
  title: 200,
  sentence: 1000,
  cell: 200,
  imageUrl: 2000,
  /** A bubble has at most 30 KB: this many rows of full cells in three bytes a letter stay below. */
  lines: 12,
  totals: 8,
  shares: 12,
} as const

export const buttonLimits: ButtonLimits = {
  max: 4,
  title: 20,
  url: 1000,
  payload: 300,
  quickReplies: { max: 13, title: 20, payload: 300 },
}

import type { ButtonLimits } from '#channels/card-text.ts'

/** In bytes of UTF-8, as WeChat counts; it publishes no limit for titles and descriptions, these are what clients show. */
export const limits = { text: 2048, title: 128, description: 512, thing: 20, characterString: 32, blank: 200 } as const

/** The card itself is the one link; there are no postbacks. */
export const buttonLimits: ButtonLimits = {
  max: 1,
  title: 40,
  url: 1024,
  payload: 1000,
  quickReplies: { max: 0, title: 0, payload: 1000 },
}

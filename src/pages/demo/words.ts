import type { Locale } from '#pages/texts/texts.ts'
import { distantWords } from './words-distant.ts'
import { latinWords } from './words-latin.ts'

/** What the demo's bot says, and the buttons that a person answers with. `{name}` is a bouquet. */
export interface DemoWords {
  status: string
  greeting: string
  show: string
  /** Buys the first bouquet, by WeChat. */
  wechat: string
  buy: string
  delivery: string
  refund: string
  help: string
  window: string
  chosen: string
  deliveryAnswer: string
  refundNothing: string
  refundAsked: string
  refundTwice: string
  helpAnswer: string
  welcome: string
  unknown: string
  message: string
  send: string
}

export const demoWords: Record<Locale, DemoWords> = { ...latinWords, ...distantWords }

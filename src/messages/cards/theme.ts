import type { Wordable } from '#accounts/wording.ts'
import type { Phrases } from './phrases-en.ts'

/** When a merchant's customers want to be left alone, in the local time of `timeZone`: from 22:00 to 08:00. */
export interface QuietHours {
  /** Minutes after midnight. */
  from: number
  to: number
  timeZone: string
}

/** How a merchant wants to be shown, and when it speaks by itself. */
export interface Theme {
  name: string
  accent?: string
  logoUrl?: string
  /** For dates on cards. */
  timeZone: string
  quietHours?: QuietHours
  /** 0: no reminders. */
  reminderBeforeMs: number
  wording: Partial<Pick<Phrases, Wordable>>
}

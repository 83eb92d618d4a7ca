import { z } from 'zod'
import { isTimeZone } from '#accounts/time-zone.ts'
import { lacksAmount, wordable } from '#accounts/wording.ts'
import { isLanguage, type Language } from './language.ts'
import type { QuietHours, Theme } from './theme.ts'

const timeZone = z.string().max(64).refine(isTimeZone, 'no time zone of the IANA list')
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)

export const quietHoursSchema = z
  .object({ from: timeOfDay, to: timeOfDay, time_zone: timeZone })
  .transform(
    ({ from, to, time_zone }): QuietHours => ({ from: minutesOf(from), to: minutesOf(to), timeZone: time_zone }),
  )

const text = z.string().min(1).max(300)
const wording = z.partialRecord(
  z.enum(wordable),
  z.union([text, z.record(z.string().refine(isLanguage, 'a language that messages are written in'), text)]),
)

/**
 * The members of `merchants.settings` that messages go by. One that is malformed counts as absent: a wrong colour must
 * not keep a receipt back.
 */
const settingsSchema = z.object({
  accent: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i)
    .optional()
    .catch(undefined),
  logo_url: z
    .url({ protocol: /^https$/ })
    .max(1000)
    .optional()
    .catch(undefined),
  time_zone: timeZone.optional().catch(undefined),
  quiet_hours: quietHoursSchema.optional().catch(undefined),
  reminder_before_minutes: z.int().min(0).max(10_080).optional().catch(undefined),
  wording: wording.optional().catch(undefined),
})

const minuteMs = 60_000

export const readTheme = (name: string, settings: unknown, language: Language): Theme => {
  const parsed = settingsSchema.safeParse(settings ?? {})
  const given = parsed.success ? parsed.data : {}
  return {
    name,
    timeZone: given.time_zone ?? given.quiet_hours?.timeZone ?? 'UTC',
    reminderBeforeMs: (given.reminder_before_minutes ?? 60) * minuteMs,
    wording: wordsOf(given.wording ?? {}, language),
    ...(given.accent === undefined ? {} : { accent: given.accent }),
    ...(given.logo_url === undefined ? {} : { logoUrl: given.logo_url }),
    ...(given.quiet_hours === undefined ? {} : { quietHours: given.quiet_hours }),
  }
}

/** A plain text is for every language. A sentence that must name the amount and does not is not taken. */
const wordsOf = (given: z.output<typeof wording>, language: Language): Theme['wording'] =>
  Object.fromEntries(
    wordable.flatMap((key) => {
      const own = given[key]
      const words = typeof own === 'string' ? own : own?.[language]
      return words === undefined || lacksAmount(key, words) ? [] : [[key, words]]
    }),
  )

const minutesOf = (time: string): number => {
  const [hours = '0', minutes = '0'] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}

import type { Account, AccountUpdate } from './settings-schemas.ts'
import { wordingLanguages } from './wording.ts'

/** `merchants.settings`; members that nobody knows here stay as they are. */
export type StoredSettings = Readonly<Record<string, unknown>>

type Change = NonNullable<AccountUpdate['settings']>
type Messages = Exclude<Change['messages'], '' | null | undefined>
type WordingChange = Messages['wording']
type StoredWording = Record<string, string | Record<string, string>>

/** Where each setting is kept. */
const kept = {
  branding: { primary_color: 'accent', logo: 'logo_url' },
  support: { email: 'support_email', url: 'support_url', phone: 'support_phone' },
  payouts: { confirmed_by: 'payouts_confirmed_by' },
  checkout: { hosted_page: 'hosted_page' },
  outbound_payments: { amount_max: 'outbound_amount_max' },
  messages: {
    time_zone: 'time_zone',
    quiet_hours: 'quiet_hours',
    reminder_before_minutes: 'reminder_before_minutes',
    wording: 'wording',
  },
} as const

/** What is absent stays, what is null or empty goes. */
export const changeSettings = (stored: StoredSettings, change: Change): StoredSettings => {
  const next: Record<string, unknown> = { ...stored }
  for (const [group, names] of Object.entries(kept)) {
    const given = change[group as keyof typeof kept]
    if (given === undefined) continue
    for (const [name, key] of Object.entries(names)) {
      const value = isCleared(given) ? null : (given as Record<string, unknown>)[name]
      if (value === undefined) continue
      next[key] = key === 'wording' ? changeWording(stored.wording, value as WordingChange) : value
      if (isCleared(next[key])) delete next[key]
    }
  }
  return next
}

/** Undefined when no words of the merchant's own are left. */
const changeWording = (stored: unknown, change: WordingChange): StoredWording | null => {
  if (isCleared(change)) return null
  const next: StoredWording = { ...wordingOf(stored) }
  for (const [key, given] of Object.entries(change ?? {})) {
    if (given === undefined) continue
    const value = isCleared(given) || typeof given === 'string' ? given : byLanguage(next[key], given)
    if (isCleared(value)) delete next[key]
    else next[key] = value
  }
  return Object.keys(next).length === 0 ? null : next
}

/** A text that was for all languages stays for those that are not named. */
const byLanguage = (
  stored: StoredWording[string] | undefined,
  change: Partial<Record<string, string | null>>,
): Record<string, string> | null => {
  const before = typeof stored === 'string' ? wordingLanguages.map((language) => [language, stored]) : []
  const next: Record<string, string> = { ...(typeof stored === 'object' ? stored : Object.fromEntries(before)) }
  for (const [language, text] of Object.entries(change)) {
    if (isCleared(text)) delete next[language]
    else if (text !== undefined) next[language] = text
  }
  return Object.keys(next).length === 0 ? null : next
}

const isCleared = (value: unknown): value is null | '' => value === null || value === ''

/** Whether the change asks for the provider's fields on the checkout page. */
export const wantsElement = (change: Change | undefined): boolean =>
  typeof change?.checkout === 'object' && change.checkout?.hosted_page === 'element'

/** As clients read it. What is kept malformed, from before there were checks, counts as absent. */
export const showSettings = (stored: StoredSettings): Account['settings'] => {
  const text = (key: string): string | null => (typeof stored[key] === 'string' ? stored[key] : null)
  const minutes = stored.reminder_before_minutes
  return {
    branding: { primary_color: text(kept.branding.primary_color), logo: text(kept.branding.logo) },
    support: {
      email: text(kept.support.email),
      url: text(kept.support.url),
      phone: text(kept.support.phone),
    },
    payouts: { confirmed_by: payoutsConfirmedBy(stored) },
    checkout: { hosted_page: stored[kept.checkout.hosted_page] === 'element' ? 'element' : 'redirect' },
    outbound_payments: { amount_max: outboundAmountMax(stored) },
    messages: {
      time_zone: text(kept.messages.time_zone),
      wording: wordingOf(stored.wording),
      quiet_hours: quietHoursOf(stored.quiet_hours),
      reminder_before_minutes: Number.isSafeInteger(minutes) ? (minutes as number) : null,
    },
  }
}

/** Whose word a merchant takes for the arrival of its payouts. Most feed no bank statement: the provider's. */
export const payoutsConfirmedBy = (stored: StoredSettings): 'provider' | 'bank' =>
  stored[kept.payouts.confirmed_by] === 'bank' ? 'bank' : 'provider'

/** The most that one payment to a person may be, in minor units of its currency; null: no more than any amount may be. */
export const outboundAmountMax = (stored: StoredSettings): number | null => {
  const amountMax = stored[kept.outbound_payments.amount_max]
  return Number.isSafeInteger(amountMax) ? (amountMax as number) : null // exact: only asks whether it is whole
}

const wordingOf = (stored: unknown): StoredWording =>
  Object.fromEntries(
    Object.entries(isRecord(stored) ? stored : {}).flatMap(([key, value]): [string, StoredWording[string]][] => {
      if (typeof value === 'string') return [[key, value]]
      const texts = Object.entries(isRecord(value) ? value : {}).flatMap(([language, text]): [string, string][] =>
        typeof text === 'string' ? [[language, text]] : [],
      )
      return texts.length === 0 ? [] : [[key, Object.fromEntries(texts)]]
    }),
  )

const quietHoursOf = (stored: unknown): Account['settings']['messages']['quiet_hours'] => {
  if (!isRecord(stored)) return null
  const { from, to, time_zone } = stored
  return typeof from === 'string' && typeof to === 'string' && typeof time_zone === 'string'
    ? { from, to, time_zone }
    : null
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

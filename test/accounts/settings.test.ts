import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { changeSettings, type StoredSettings, showSettings } from '#accounts/settings.ts'
import { type AccountUpdate, accountUpdate } from '#accounts/settings-schemas.ts'
import { readTheme } from '#messages/cards/theme-schemas.ts'

type Change = NonNullable<AccountUpdate['settings']>

const full: StoredSettings = {
  accent: '#1a5c3a',
  logo_url: 'https://shop.example/logo.png',
  support_email: 'help@shop.example',
  support_url: 'https://shop.example/help',
  support_phone: '+33 1 23 45 67 89',
  payouts_confirmed_by: 'bank',
  hosted_page: 'element',
  time_zone: 'Europe/Paris',
  quiet_hours: { from: '22:00', to: '08:00', time_zone: 'Europe/Paris' },
  reminder_before_minutes: 120,
  wording: { pay: 'Buy for {amount}', receipt: { en: 'Got {amount}', fr: 'Reçu {amount}' } },
  own: 'nobody here knows it',
}
const without = (...keys: string[]) => Object.fromEntries(Object.entries(full).filter(([key]) => !keys.includes(key)))

describe('a change of settings', () => {
  const cases: [name: string, change: Change, want: StoredSettings][] = [
    ['of nothing', {}, full],
    ['of one', { branding: { primary_color: '#ffffff' } }, { ...full, accent: '#ffffff' }],
    ['null takes back', { branding: { logo: null } }, without('logo_url')],
    ['empty takes back', { support: { email: '', phone: '' } }, without('support_email', 'support_phone')],
    ['a group goes whole', { support: null }, without('support_email', 'support_url', 'support_phone')],
    ['messages go whole', { messages: '' }, without('time_zone', 'quiet_hours', 'reminder_before_minutes', 'wording')],
    [
      'no reminders is not the default',
      { messages: { reminder_before_minutes: 0 } },
      { ...full, reminder_before_minutes: 0 },
    ],
    ['quiet hours are one', { messages: { quiet_hours: null } }, without('quiet_hours')],
    [
      'words for all languages take the place of those for each',
      { messages: { wording: { receipt: 'Thanks for {amount}' } } },
      { ...full, wording: { pay: 'Buy for {amount}', receipt: 'Thanks for {amount}' } },
    ],
    [
      'words of one language',
      { messages: { wording: { receipt: { fr: 'Merci pour {amount}' } } } },
      { ...full, wording: { pay: 'Buy for {amount}', receipt: { en: 'Got {amount}', fr: 'Merci pour {amount}' } } },
    ],
    [
      'words of one language taken back',
      { messages: { wording: { receipt: { fr: '' } } } },
      { ...full, wording: { pay: 'Buy for {amount}', receipt: { en: 'Got {amount}' } } },
    ],
    [
      'the last words of a kind',
      { messages: { wording: { receipt: { fr: null, en: null } } } },
      { ...full, wording: { pay: 'Buy for {amount}' } },
    ],
    ['the last words', { messages: { wording: { receipt: null, pay: '' } } }, without('wording')],
    ['all words', { messages: { wording: null } }, without('wording')],
    [
      'what was for all languages stays for the others',
      { messages: { wording: { pay: { fr: 'Payer {amount}' } } } },
      {
        ...full,
        wording: {
          ...(full.wording as object),
          pay: {
            en: 'Buy for {amount}',
            fr: 'Payer {amount}',
            'zh-Hans': 'Buy for {amount}',
            es: 'Buy for {amount}',
            'pt-BR': 'Buy for {amount}',
            ar: 'Buy for {amount}',
          },
        },
      },
    ],
  ]
  for (const [name, change, want] of cases)
    test(name, () => {
      const before = structuredClone(full)
      assert.deepEqual(changeSettings(full, change), want)
      assert.deepEqual(full, before)
      assert.deepEqual(changeSettings(want, change), want, 'twice is once')
    })

  test('sets everything from nothing, and is shown as it was sent', () => {
    const settings = showSettings(full)
    const { settings: change = {} } = accountUpdate.parse({ settings })
    assert.deepEqual(changeSettings({ own: full.own }, change), full)
  })

  test('is what messages go by', () => {
    const theme = readTheme(
      'Blüte',
      changeSettings({}, accountUpdate.parse({ settings: showSettings(full) }).settings ?? {}),
      'fr',
    )
    assert.deepEqual(theme, {
      name: 'Blüte',
      accent: '#1a5c3a',
      logoUrl: 'https://shop.example/logo.png',
      timeZone: 'Europe/Paris',
      quietHours: { from: 1320, to: 480, timeZone: 'Europe/Paris' },
      reminderBeforeMs: 7_200_000,
      wording: { pay: 'Buy for {amount}', receipt: 'Reçu {amount}' },
    })
  })
})

describe('settings that were kept before they were checked', () => {
  const empty = showSettings({})
  const broken: StoredSettings[] = [
    { accent: 7, logo_url: null, wording: 'x', quiet_hours: [], reminder_before_minutes: '60' },
    { wording: { pay: 7, receipt: { en: 7 } }, quiet_hours: { from: '22:00' }, reminder_before_minutes: 1.5 },
    { wording: [], quiet_hours: null, support_email: {} },
  ]
  for (const stored of broken)
    test(JSON.stringify(stored), () => {
      assert.deepEqual(showSettings(stored), empty)
      assert.ok(changeSettings(stored, { messages: { wording: { pay: 'Buy' } } }))
    })
})

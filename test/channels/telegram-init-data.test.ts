import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { createTelegramChannel } from '#channels/telegram/channel.ts'
import { initDataMaxAgeMs, verifyInitData, verifyInitDataSignature } from '#channels/telegram/init-data.ts'

/** Vectors of Telegram-Mini-Apps/init-data-golang (MIT): `validate_test.go`, `validate_third_party_test.go`. */
const token = '5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8'
const initData =
  'query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%7D&auth_date=1662771648&hash=c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2'
const signedAt = new Date(1_662_771_648_000)
const botId = '7342037359'
const signedData =
  'user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%20%2B%20-%20%3F%20%5C%2F%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%2C%22allows_write_to_pm%22%3Atrue%2C%22photo_url%22%3A%22https%3A%5C%2F%5C%2Ft.me%5C%2Fi%5C%2Fuserpic%5C%2F320%5C%2F4FPEE4tmP3ATHa57u6MqTDih13LTOiMoKoLDRG4PnSA.svg%22%7D&chat_instance=8134722200314281151&chat_type=private&auth_date=1733584787&hash=2174df5b000556d044f3f020384e879c8efcab55ddea2ced4eb752e93e7080d6&signature=zL-ucjNyREiHDE8aihFwpfR9aggP2xiAo3NSpfe-p7IbCisNlDKlo7Kb6G4D0Ao2mBrSgEk4maLSdv6MLIlADQ'
const thirdPartyAt = new Date(1_733_584_787_000)

const maxAgeMs = initDataMaxAgeMs
const later = (date: Date, ms: number) => new Date(date.getTime() + ms)

describe('init data of a Mini App', () => {
  test('the published vector is genuine, and says who it is', () => {
    const verdict = verifyInitData(initData, token, { now: later(signedAt, 1000), maxAgeMs })
    assert.ok(verdict.ok)
    const { userId, name, locale, authDate } = verdict.data
    assert.deepEqual([userId, name, locale, authDate], ['279058397', 'Vladislav Kibenko', 'ru', signedAt])
  })

  test('it is good for minutes, and not before its time', () => {
    const at = (ms: number) => verifyInitData(initData, token, { now: later(signedAt, ms), maxAgeMs }).ok
    assert.deepEqual([at(maxAgeMs), at(maxAgeMs + 1), at(-120_000)], [true, false, false])
  })

  test('no letter of it may be another', () => {
    const now = later(signedAt, 1000)
    for (let i = 0; i < initData.length; i++) {
      const letter = initData[i] === 'x' ? 'y' : 'x'
      const changed = initData.slice(0, i) + letter + initData.slice(i + 1)
      // The same pairs written another way are the same pairs.
      if ([...new URLSearchParams(changed)].join() === [...new URLSearchParams(initData)].join()) continue
      assert.equal(verifyInitData(changed, token, { now, maxAgeMs }).ok, false, changed)
    }
    for (const text of ['', 'hash=abc', 'no_hash=true', `${initData}abc`, `${initData}&auth_date=1662771648`])
      assert.equal(verifyInitData(text, token, { now, maxAgeMs }).ok, false, text)
    assert.equal(verifyInitData(initData, '', { now, maxAgeMs }).ok, false)
  })

  test('a genuine one without a date is refused', () => {
    const pairs = new URLSearchParams({ user: '{"id":1}' })
    const secret = createHmac('sha256', 'WebAppData').update(token).digest()
    pairs.set('hash', createHmac('sha256', secret).update('user={"id":1}').digest('hex'))
    assert.equal(verifyInitData(`${pairs}`, token, { now: signedAt, maxAgeMs }).ok, false)
  })

  test("without the bot's token: Telegram's own signature", () => {
    const now = later(thirdPartyAt, 1000)
    const verdict = verifyInitDataSignature(signedData, botId, { now, maxAgeMs })
    assert.ok(verdict.ok)
    assert.equal(verdict.data.name, 'Vladislav + - ? / Kibenko')
    for (const [data, bot, environment] of [
      [signedData, '7342037350', 'production'],
      [signedData, botId, 'test'],
      [signedData.replace('279058397', '279058398'), botId, 'production'],
      ['no_signature=true', botId, 'production'],
      [`${signedData}a`, botId, 'production'],
    ] as const)
      assert.equal(verifyInitDataSignature(data, bot, { now, maxAgeMs, environment }).ok, false)
    assert.equal(verifyInitDataSignature(signedData, botId, { now: later(now, maxAgeMs), maxAgeMs }).ok, false)
  })

  test('the channel names the person, as the sender of messages would be named', () => {
    const connection = {
      merchantId: 'm',
      id: 'c',
      channel: 'telegram' as const,
      externalId: '5768337691',
      name: '@bot',
      settings: {},
      secrets: { bot_token: token },
      livemode: false,
    }
    const { identify } = createTelegramChannel({})
    const person = identify?.(connection, initData, signedAt)
    assert.deepEqual([person?.threadId, person?.personId], ['279058397', '279058397'])
    assert.equal(identify?.(connection, initData, later(signedAt, maxAgeMs + 1)), undefined)
  })
})

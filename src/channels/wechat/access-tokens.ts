import { z } from 'zod'
import type { Connection } from '#channels/channel.ts'
import { callJson, unreachedFailure } from '#channels/http.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import type { Clock } from '#kernel/clock.ts'
import { sha256 } from '#platform/crypto.ts'
import { failureOf } from './errors.ts'
import { wechatSettings } from './settings.ts'

export type TokenAnswer = { ok: true; token: string } | { ok: false; failure: ChannelFailure }
type Account = Pick<Connection, 'settings' | 'secrets'>

export interface AccessTokens {
  get(account: Account): Promise<TokenAnswer>
  /** WeChat no longer takes it. */
  drop(account: Account, token: string): void
}

/** WeChat makes the next token five minutes before the old one ends, and both work meanwhile. */
const earlyMs = 300_000
const lifeMinMs = 30_000
const accountsMax = 5000

/**
 * https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken : the stable token is the same for
 * everyone who asks, so that processes need not agree on one that refreshes.
 */
export const createAccessTokens = (apiBase: string, clock: Clock): AccessTokens => {
  const kept = new Map<string, Entry>()
  const ask = (key: string, account: Account): Entry => {
    const asked = fetchToken(apiBase, account).then((answer) => {
      if (answer.ok) Object.assign(entry, { token: answer.token, until: clock.now().getTime() + answer.lifeMs })
      else if (kept.get(key) === entry) kept.delete(key)
      return answer
    })
    // While it is asked for, everyone waits for the same answer.
    const entry: Entry = { answer: asked, token: '', until: Number.POSITIVE_INFINITY }
    return entry
  }
  return {
    get: (account) => {
      const key = keyOf(account)
      const found = kept.get(key)
      if (found && found.until > clock.now().getTime()) return found.answer
      if (kept.size >= accountsMax) kept.clear()
      const entry = ask(key, account)
      kept.set(key, entry)
      return entry.answer
    },
    drop: (account, token) => {
      const key = keyOf(account)
      if (kept.get(key)?.token === token) kept.delete(key)
    },
  }
}

interface Entry {
  readonly answer: Promise<TokenAnswer>
  readonly token: string
  readonly until: number
}

const keyOf = ({ settings, secrets }: Account): string =>
  sha256(JSON.stringify([settings.app_id, secrets.app_secret])).toString('base64')

const granted = z.object({ access_token: z.string().min(1).max(1024), expires_in: z.int().positive() })

const fetchToken = async (
  apiBase: string,
  { settings, secrets }: Account,
): Promise<(TokenAnswer & { ok: false }) | (TokenAnswer & { ok: true; lifeMs: number })> => {
  const { app_id: appid } = wechatSettings.parse(settings)
  const answer = await callJson({
    url: `${apiBase}/cgi-bin/stable_token`,
    body: { grant_type: 'client_credential', appid, secret: secrets.app_secret ?? '' },
    timeoutMs: 3000,
  })
  if (answer.outcome !== 'answered') return { ok: false, failure: unreachedFailure(answer.reason) }
  const { data } = granted.safeParse(answer.body)
  if (!data) return { ok: false, failure: failureOf(answer) }
  return { ok: true, token: data.access_token, lifeMs: Math.max(data.expires_in * 1000 - earlyMs, lifeMinMs) }
}

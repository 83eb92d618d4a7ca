import type { Connection } from '#channels/channel.ts'
import { type CallAnswer, callJson } from '#channels/http.ts'
import { telegramSettings } from './settings.ts'

export type Ask = (
  connection: Pick<Connection, 'settings' | 'secrets'>,
  method: string,
  body: object,
  timeoutMs?: number,
) => Promise<CallAnswer>

/** Telegram's test environment lies below the same address. */
export const createAsk =
  (apiBase: string): Ask =>
  ({ settings, secrets }, method, body, timeoutMs = 10_000) => {
    const isTest = telegramSettings.parse(settings).test_environment
    const url = `${apiBase}/bot${secrets.bot_token ?? ''}${isTest ? '/test' : ''}/${method}`
    return callJson({ url, method: 'POST', body, timeoutMs })
  }

import type { Deliveries, Due } from '#sandbox/kit/dispatcher.ts'
import { keyFor, signatureHeaders } from '../http/answer.ts'
import type { Sandbox } from '../sandbox.ts'

type DueNotification = Due & { is_probe: boolean; mchid: string; url: string }

/** 200 and 204 are thanks; anything else is asked again. A probe is sent once, and a 2xx to it is a failure for good. */
export function createDeliveries(sandbox: Sandbox): Deliveries<DueNotification> {
  return {
    select: `select d.id, d.is_probe, d.attempts, n.mchid, n.url, n.body
      from sandbox_wechatpay.delivery d join sandbox_wechatpay.notification n on n.id = d.notification_id`,
    timeoutMs: sandbox.settings.notifyTimeoutMs,
    retryMs: sandbox.settings.notifyRetryMs,
    prepare: () => sandbox.ids.ensure(sandbox.pool),
    address({ mchid, url, body, is_probe: isProbe }) {
      const key = keyFor(sandbox, sandbox.merchants.find(mchid) ?? null)
      const proof = signatureHeaders(sandbox, key, body, isProbe)
      return { url, headers: { 'content-type': 'application/json', 'user-agent': 'Mozilla/4.0', ...proof } }
    },
    judge(status, { is_probe: isProbe }) {
      if (isProbe) return status !== null && status >= 400 ? 'delivered' : 'failed'
      return status === 200 || status === 204 ? 'delivered' : 'again'
    },
  }
}

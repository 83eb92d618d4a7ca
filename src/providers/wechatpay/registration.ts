import type { CredentialFailure } from '#providers/accounts.ts'
import type { Reply, WechatpayClient } from './client.ts'
import { optionalText } from './mapping.ts'

const path = '/v3/merchant-service/complaint-notifications'

/**
 * Has complaints told to `url`: orders and refunds carry their address along, complaints have one per merchant. One of
 * another software is left as it is. Answers what is wrong; nothing else depends on it, for complaints are listed, too.
 * Source: pay.weixin.qq.com/doc/v3/merchant/4012458679 and the pages beside it.
 */
export const registerComplaints = async (
  client: WechatpayClient,
  url: string,
): Promise<CredentialFailure | undefined> => {
  const before = await readAddress(client)
  if ('reply' in before) return failureOf(before.reply)
  if (before.url === url) return undefined
  if (before.url !== undefined && !isOurs(before.url))
    return failure(
      '',
      `They are told to ${before.url.slice(0, 200)}. Delete that address there, then test this connection.`,
    )
  const reply = await client.send({ method: before.url === undefined ? 'POST' : 'PUT', path, body: { url } })
  if (reply.kind === 'done') return undefined
  // A lost answer, or somebody who was faster: what stands there now tells.
  const after = await readAddress(client)
  return 'url' in after && after.url === url ? undefined : failureOf(reply)
}

/** An address of this service, of an earlier host perhaps. */
const isOurs = (url: string): boolean => /\/webhooks\/providers\/wechatpay(\/con_\w+)?$/.test(url)

const readAddress = async (
  client: WechatpayClient,
): Promise<{ url: string | undefined } | { reply: Exclude<Reply, { kind: 'done' }> }> => {
  const reply = await client.send({ method: 'GET', path })
  if (reply.kind === 'done') return { url: optionalText(reply.body.url) }
  // Documented with the status 400, which elsewhere says no more than that something is wrong.
  const isNone = reply.kind === 'error' && (reply.verdict === 'absent' || reply.code === 'RESOURCENOTEXISTS')
  return isNone ? { url: undefined } : { reply }
}

const failureOf = (reply: Exclude<Reply, { kind: 'done' }>): CredentialFailure =>
  reply.kind === 'error'
    ? failure(reply.code, reply.decline.message)
    : failure(reply.code, `${reply.reason}. Test this connection again.`)

/** Never `connection_broken`: payments go on without it. */
const failure = (code: string, advice: string): CredentialFailure => ({
  reason: 'temporary',
  code,
  advice: `Complaints are not told at once, and found later by asking. ${advice}`,
})

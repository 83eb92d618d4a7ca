import type { Clock } from '#kernel/clock.ts'
import type { DisputeCalls, DisputePage, DisputeState, EvidenceCommand, ProviderDispute } from '#providers/disputes.ts'
import type { ProviderAnswer } from '#providers/provider.ts'
import { given } from './account.ts'
import { currencyFromWire, fromWire, UnmappedError } from './amounts.ts'
import { answerOf, type LookupAnswer, lookup, type WechatpayClient } from './client.ts'
import { imagesOf, tooManyImages, uploadImage } from './complaint-images.ts'
import { optionalText, recordOf, textOf } from './mapping.ts'
import { clip } from './requests.ts'
import { lookUp } from './states.ts'
import { chinaTime, timeFromWire } from './times.ts'

const base = '/v3/merchant-service/complaints-v2'

/** A payer complains to WeChat, which takes no money for it: the merchant answers, and says when it is settled. */
const complaintStates = {
  PENDING: 'warning_needs_response',
  PROCESSING: 'warning_under_review',
  PROCESSED: 'warning_closed',
} as const satisfies Record<string, DisputeState>

/** Complaints as disputes. WeChat knows no repetition of an answer: `submissions` tells whether one was given. */
export const createComplaints = (client: WechatpayClient, clock: Clock): DisputeCalls => ({
  find: ({ disputeRef }) => find(client, disputeRef),
  list: ({ since, cursor }) => list(client, since, readCursor(cursor, clock.now())),
  submitEvidence: (command) => submit(client, command),
  uploadFile: (command) => uploadImage(client, clock, command),
  imagesOnly: true,
  close: ({ disputeRef }) => act(client, disputeRef, 'complete', { complainted_mchid: client.account.mchid }),
})

const refusal = (message: string): { outcome: 'refused'; decline: { code: string; message: string } } => ({
  outcome: 'refused',
  decline: { code: 'provider_error', message },
})

const find = async (client: WechatpayClient, ref: string): Promise<LookupAnswer<ProviderDispute | undefined>> => {
  if (!/^\d{1,64}$/.test(ref)) return { outcome: 'ok', value: undefined }
  const found = await lookup(client, `${base}/${ref}`, (body) => body)
  if (found.outcome !== 'ok' || !found.value) return found as LookupAnswer<undefined>
  return withAnswers(client, found.value)
}

/** The merchant's answers stand in the history only. */
const withAnswers = async (
  client: WechatpayClient,
  complaint: Record<string, unknown>,
): Promise<LookupAnswer<ProviderDispute | undefined>> => {
  const path = `${base}/${String(complaint.complaint_id)}/negotiation-historys`
  const answers = await all(client, (page) => `${path}?${page}`, 300)
  if (answers.outcome !== 'ok') return answers
  return answerOf({ kind: 'done', body: complaint, requestId: '' }, (body) =>
    mapComplaint(
      body,
      answers.value.filter((entry) => entry.operate_type === 'MERCHANT_RESPONSE'),
    ),
  ) as LookupAnswer<ProviderDispute>
}

const entriesMax = 5000

/** Every page of a list; one that does not end proves nothing. */
const all = async (
  client: WechatpayClient,
  path: (page: string) => string,
  limit: number,
): Promise<LookupAnswer<Record<string, unknown>[]>> => {
  const found: Record<string, unknown>[] = []
  for (let offset = 0; offset < entriesMax; offset += limit) {
    const page = await pageOf(client, path(`limit=${limit}&offset=${offset}`), offset)
    if (page.outcome !== 'ok') return page
    found.push(...(page.value?.data ?? []))
    if (!page.value?.hasMore) return { outcome: 'ok', value: found }
  }
  return { outcome: 'unknown', reason: `more than ${entriesMax} entries` }
}

const pageOf = (client: WechatpayClient, path: string, offset: number) =>
  lookup(client, path, (body) => {
    if (!Array.isArray(body.data)) throw new UnmappedError('no list but', body.data)
    const data = body.data.map((entry) => recordOf(entry, 'entry'))
    const total = fromWire(body.total_count, 'total_count')
    return { data, hasMore: data.length > 0 && BigInt(offset + data.length) < total }
  })

const dayMs = 24 * 3_600_000
/** WeChat lists at most thirty days at once. */
const spanMs = 29 * dayMs

const listLimit = 50

/** The end of a span of days, in ms, and how many of its complaints were read. */
interface Cursor {
  end: number
  offset: number
}

const readCursor = (cursor: string | undefined, now: Date): Cursor => {
  if (cursor === undefined) return { end: now.getTime(), offset: 0 }
  const [end = 0, offset = 0] = cursor.split(' ').map(Number) // exact: written by this file
  return { end, offset }
}

const list = async (
  client: WechatpayClient,
  since: Date,
  { end, offset }: Cursor,
): Promise<ProviderAnswer<DisputePage>> => {
  const day = (ms: number) => chinaTime(new Date(ms)).slice(0, 10)
  const begin = Math.max(end - spanMs, since.getTime()) // exact: times, not money
  const range = `begin_date=${day(begin)}&end_date=${day(end)}&limit=${listLimit}&offset=${offset}`
  const listed = await pageOf(client, `${base}?${range}`, offset)
  if (listed.outcome !== 'ok') return listed
  const { data: complaints = [], hasMore = false } = listed.value ?? {}
  const data: ProviderDispute[] = []
  for (const complaint of complaints) {
    const one = await withAnswers(client, complaint)
    if (one.outcome !== 'ok') return one
    if (one.value && one.value.createdAt >= since) data.push(one.value)
  }
  const earlier = end - spanMs - dayMs
  const next = hasMore ? `${end} ${offset + listLimit}` : earlier >= since.getTime() ? `${earlier} 0` : undefined
  return { outcome: 'ok', value: { data, ...given('next', next) } }
}

const mapComplaint = (body: Record<string, unknown>, answers: readonly Record<string, unknown>[]): ProviderDispute => {
  const orders = Array.isArray(body.complaint_order_info) ? body.complaint_order_info : []
  const order = recordOf(orders[0], 'complaint_order_info')
  const paid = fromWire(order.amount, 'amount')
  const asked =
    body.apply_refund_amount === undefined ? paid : fromWire(body.apply_refund_amount, 'apply_refund_amount')
  const said = optionalText(answers[0]?.operate_details)
  return {
    ref: textOf(body.complaint_id, 'complaint_id'),
    ...given('paymentRef', optionalText(order.out_trade_no)),
    ...given('chargeRef', optionalText(order.transaction_id)),
    state: lookUp(complaintStates, body.complaint_state, 'complaint_state'),
    reason: (optionalText(body.problem_type) ?? 'others').toLowerCase(),
    amount: asked > 0n && asked < paid ? asked : paid,
    currency: currencyFromWire(undefined, 'currency'),
    isRefundable: body.complaint_full_refunded !== true,
    evidence: said === undefined ? {} : { uncategorized_text: said },
    isPastDue: false,
    submissions: answers.length,
    round: roundOf(body.user_complaint_times),
    movements: [],
    createdAt: timeFromWire(body.complaint_time, 'complaint_time'),
    tags: {},
    ...given('statement', optionalText(body.complaint_detail)),
  }
}

const roundOf = (times: unknown): number =>
  typeof times === 'number' && Number.isSafeInteger(times) && times > 0 ? times : 1

/** One text of at most 200 characters and four images, which the payer sees. Nothing is kept before it is sent. */
const submit = async (client: WechatpayClient, command: EvidenceCommand): Promise<ProviderAnswer<ProviderDispute>> => {
  const text = command.texts.uncategorized_text ?? ''
  if (!command.submit) return refusal('WeChat Pay keeps no drafts: submit what you want to say.')
  if (text.trim() === '') return refusal('WeChat Pay passes on one text: send it as uncategorized_text.')
  if (Object.keys(command.texts).length > 1) return refusal('WeChat Pay passes on one text alone: uncategorized_text.')
  const images = imagesOf(command.files)
  if (!images) return refusal(tooManyImages)
  return act(client, command.disputeRef, 'response', {
    complainted_mchid: client.account.mchid,
    response_content: clip(text, 200),
    ...(images.length === 0 ? {} : { response_images: images }),
  })
}

const act = async (
  client: WechatpayClient,
  ref: string,
  what: string,
  body: object,
): Promise<ProviderAnswer<ProviderDispute>> => {
  if (!/^\d{1,64}$/.test(ref)) return refusal(`No such complaint at WeChat Pay: '${ref}'`)
  const done = answerOf(await client.send({ method: 'POST', path: `${base}/${ref}/${what}`, body }), () => undefined)
  if (done.outcome !== 'ok') return done
  const found = await find(client, ref)
  if (found.outcome !== 'ok') return found
  return found.value ? { ...found, value: found.value } : { outcome: 'unknown', reason: 'the complaint is not there' }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { html } from '#sandbox/kit/html.ts'
import { readBody } from '#sandbox/kit/message.ts'
import { type Page, redirect } from '#sandbox/kit/page.ts'
import { orderId } from '../flows/order.ts'
import { holdUp, payOrder } from '../flows/pay.ts'
import { exchange, ONE, yuan } from '../rules/amounts.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Order, Row } from '../store/documents.ts'
import { type Work, withWork } from '../store/work.ts'
import { noticePage, sendPage } from './frame.ts'

/** Where a `code_url` or an `h5_url` leads: the sheet on the payer's phone. GET only looks; POST pays. */
export async function handlePayPage(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  outTradeNo: string,
): Promise<void> {
  const { searchParams: query } = new URL(request.url ?? '/', 'http://sandbox')
  const mchid = query.get('mchid') ?? sandbox.merchants.all()[0]?.mchid ?? ''
  const back = backTo(query.get('redirect_url'))
  const id = orderId(mchid, outTradeNo)
  if (request.method !== 'POST') {
    const row = await withWork(sandbox, (work) => work.find('order', id))
    return sendPage(response, pageOf(sandbox, row, query, back, null))
  }
  const action = new URLSearchParams(await readBody(request)).get('action')
  const row = await withWork(sandbox, (work) => submit(work, id, query, action))
  if (row && action === 'cancel' && back !== null) return redirect(response, back)
  const alert = row && action === 'fail' ? 'The bank refused this payment. You can try again.' : null
  sendPage(response, pageOf(sandbox, row, query, back, alert))
}

/** `weixin://wxpay/bizpayurl?pr=…`, which only WeChat can open: here is what it would open. */
export async function handleScan(sandbox: Sandbox, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { searchParams } = new URL(request.url ?? '/', 'http://sandbox')
  const [, code = ''] = /[?&]pr=(\w+)/.exec(searchParams.get('code_url') ?? '') ?? []
  const row = await withWork(sandbox, async (work) => {
    const prepay = await work.find('prepay', code)
    return prepay && work.find('order', prepay.doc.order)
  })
  if (!row) return sendPage(response, noticePage(404, 'This code leads nowhere.', null))
  redirect(response, `/_sandbox/pay/${encodeURIComponent(row.doc.outTradeNo)}?mchid=${row.mchid}&pr=${code}`)
}

async function submit(work: Work, id: string, query: URLSearchParams, action: string | null) {
  await work.lock(id)
  const row = await work.find('order', id)
  if (!row || closedReason(work.nowMs, row.doc, query) !== null) return row
  if (action === 'pay') return payOrder(work, row, {})
  if (action === 'fail') return holdUp(work, row, 'PAYERROR')
  return row
}

function pageOf(
  sandbox: Sandbox,
  row: Row<'order'> | undefined,
  query: URLSearchParams,
  back: string | null,
  alert: string | null,
): Page {
  if (!row) return noticePage(404, 'There is no such order.', null)
  const { doc } = row
  if (doc.paid) return noticePage(200, `Paid: ${sumOf(doc, sandbox)}. You can close this page.`, back)
  const reason = closedReason(sandbox.clock.nowMs(), doc, query)
  if (reason !== null) return noticePage(410, reason, back)
  const content = html`<div class="card">
<div class="head"><h1>Confirm payment</h1><span class="mode">Simulated</span></div>
${alert !== null && html`<p class="alert" role="alert">${alert}</p>`}
<p class="amount">${sumOf(doc, sandbox)}</p>
<p class="for">${doc.description}</p>
<dl>
<div><dt>Paid to</dt><dd>${row.mchid}</dd></div>
<div><dt>Order</dt><dd>${doc.outTradeNo}</dd></div>
<div><dt>Pay with</dt><dd>Balance</dd></div>
</dl>
<form method="post">
<button name="action" value="pay" type="submit">Pay</button>
<button class="quiet" name="action" value="fail" type="submit">Let the bank refuse</button>
<button class="quiet" name="action" value="cancel" type="submit">Cancel</button>
</form>
</div>`
  return { status: alert === null ? 200 : 402, title: 'Confirm payment', locale: 'en', content, leadsTo: [back] }
}

/** A code lives two hours, an h5_url five minutes: an old one pays nothing, though the order may live on. */
function closedReason(nowMs: number, doc: Order, query: URLSearchParams): string | null {
  if (doc.state === 'CLOSED' || doc.expiresMs <= nowMs) return 'This order is closed. Nothing was charged.'
  const code = query.get('pr') ?? query.get('package')
  if (code === null) return null
  const isCurrent = code === doc.prepay.code && doc.prepay.expiresMs > nowMs
  return isCurrent ? null : 'This code has expired. Ask the shop for a new one.'
}

/** What the payer pays, in the currency he pays in. */
function sumOf(doc: Order, { settings }: Sandbox): string {
  if (!doc.isGlobal) return `¥ ${yuan(doc.paid?.payerTotal ?? doc.total)}`
  const currency = doc.paid?.payerCurrency ?? settings.payerCurrency
  const rate = currency === doc.currency ? ONE : (settings.exchangeRates[`${doc.currency}/${currency}`] ?? ONE)
  const sum = doc.paid?.payerTotal ?? exchange(doc.total, doc.currency, currency, rate)
  return `${doc.currency} ${yuan(doc.total)} (${currency} ${yuan(sum)})`
}

function backTo(url: string | null): string | null {
  const parsed = url === null ? null : URL.parse(url)
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed.href : null
}

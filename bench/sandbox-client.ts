import { createHmac, randomUUID } from 'node:crypto'
import { tagNames } from '#providers/stripe/mapping.ts'
import type { AppProcess } from './app-process.ts'
import { type Connection, get, openConnection, post } from './http-client.ts'
import { requireOk } from './load.ts'

/** A payment that the payer has paid at the provider and that the service has not been told of. */
export interface PaidPayment {
  id: string
  /** The provider's notifications of it, signed, ready to be sent. */
  requests: string[]
}

const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** The simulator goes on working but tells nobody: the bench itself plays the provider's sender. */
export const muteSandbox = async (app: AppProcess): Promise<void> => {
  await callSandbox(app, post('/v1/webhook_endpoints/we_configured', auth(app), 'disabled=true'))
}

const auth = ({ sandbox }: AppProcess) => ({ ...form, Authorization: `Bearer ${sandbox.key}` })

const callSandbox = async (app: AppProcess, request: string): Promise<string> => {
  const connection = await openConnection(app.sandbox.port)
  try {
    return requireOk(await connection.send(request))
  } finally {
    connection.close()
  }
}

/** Makes payments in the service and pays them at the provider; fewer when the time is over. */
export const payAtProvider = async (app: AppProcess, count: number, seconds = 10): Promise<PaidPayment[]> => {
  const paid: PaidPayment[] = []
  let left = count
  const until = Date.now() + seconds * 1000
  const work = async (): Promise<void> => {
    const [ours, theirs] = [await openConnection(app.port), await openConnection(app.sandbox.port)]
    while (left-- > 0 && Date.now() < until) paid.push(await payOne(app, ours, theirs))
    ours.close()
    theirs.close()
  }
  await Promise.all(Array.from({ length: 16 }, work))
  return paid
}

const payOne = async (app: AppProcess, ours: Connection, theirs: Connection): Promise<PaidPayment> => {
  const key = { ...form, Authorization: `Bearer ${app.key}`, 'Idempotency-Key': randomUUID() }
  const made = requireOk(await ours.send(post('/v1/payment_intents', key, 'amount=4200&currency=eur')))
  const { id } = JSON.parse(made) as { id: string }
  const tags = `metadata[${tagNames.merchant}]=${app.merchantId}&metadata[${tagNames.paymentIntent}]=${id}`
  const how = 'confirm=true&payment_method=pm_card_visa&payment_method_types[]=card&expand[]=latest_charge'
  const body = requireOk(
    await theirs.send(post('/v1/payment_intents', auth(app), `amount=4200&currency=eur&${how}&${tags}`)),
  )
  const { latest_charge: charge, ...intent } = JSON.parse(body) as { latest_charge: { id: string } }
  return {
    id,
    requests: [
      notificationOf(app, 'charge.succeeded', charge),
      notificationOf(app, 'payment_intent.succeeded', { ...intent, latest_charge: charge.id }),
    ],
  }
}

/** As Stripe signs it: over the timestamp and the raw body. */
export const notificationOf = (app: AppProcess, type: string, object: object): string => {
  const created = Math.floor(Date.now() / 1000)
  const body = JSON.stringify({
    id: `evt_${randomUUID().replaceAll('-', '')}`,
    object: 'event',
    api_version: '2026-10-28.endive',
    created,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  })
  const digest = createHmac('sha256', app.webhookSecret).update(`${created}.${body}`).digest('hex')
  const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': `t=${created},v1=${digest}` }
  return post('/webhooks/providers/stripe', headers, body)
}

/** What the simulator says of a payment, to send notifications of it again under new ids. */
export const readAtProvider = async (app: AppProcess, paymentRef: string): Promise<object> =>
  JSON.parse(await callSandbox(app, get(`/v1/payment_intents/${paymentRef}`, auth(app)))) as object

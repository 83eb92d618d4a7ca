import type { AddressInfo } from 'node:net'
import express from 'express'
import pg from 'pg'

interface Update {
  pre_checkout_query: { id: string; invoice_payload: string }
}

const { DATABASE_URL: connectionString, TELEGRAM_URL: telegramUrl } = process.env
// As many connections as the service has.
const pool = new pg.Pool({ connectionString, max: 10 })
const app = express()

app.post('/', express.json(), async (request, response) => {
  const { pre_checkout_query: query } = request.body as Update
  const { rowCount } = await pool.query({
    name: 'hold',
    text: `update bench_invoices set state = 'held' where id = $1 and state = 'open'`,
    values: [query.invoice_payload],
  })
  const answer = await fetch(`${telegramUrl}/bot/answerPreCheckoutQuery`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ pre_checkout_query_id: query.id, ok: rowCount === 1 }),
  })
  await answer.json()
  response.json({})
})

const server = app.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

/** The version of this API, equal to the one in package.json. */
export const apiVersion = '0.1.0'

export const introduction = `\
Payments inside conversations. A payment intent belongs to a thread; the payer pays on a hosted page; money is recorded
in an append-only double-entry ledger; receipts go back to the thread and events to your other services.

## Stripe's dialect

Where Stripe has a concept, this API has Stripe's fields, so Stripe's official libraries work as clients of it:

\`\`\`js
const parley = new Stripe('par_test_svc_…', { host: 'localhost', port: 4242, protocol: 'http' })
\`\`\`

Bodies may be \`application/x-www-form-urlencoded\` with brackets (\`metadata[order]=1001\`) or \`application/json\`; the schema
is the same. Amounts are integers of minor units: \`4200\` is €42.00, and ¥4200. A parameter that is not known is refused.
Answers may gain members; ignore those that you do not know.

## Keys

Send a key as a Bearer token or as the Basic user name. A key belongs to one merchant and has one role; the tag *Roles*
says what each may do. \`Stripe-Account: mer_…\` lets a \`platform\` key act for another merchant.

## Lists

Newest first, \`limit\` 1 to 100. \`has_more\` says whether there is more: continue with \`starting_after\` = the last id of
the page. \`created[gte]=…\` and its kin take Unix seconds.

## Idempotency

Send an \`Idempotency-Key\` with every POST. The same key and the same parameters answer what the first request answered,
byte for byte, with \`Idempotent-Replayed: true\`. Other parameters answer 400 \`idempotency_error\`; a first request that
still runs answers 409 \`idempotency_key_in_use\`. Keys are kept for 48 hours. Answers 409, 429 and 5xx are not kept, so the
same request can be sent again.

## Errors

Every error has Stripe's envelope, \`{"error": {"type", "code", "message", "param"?, "doc_url", …}}\`. Each code has a page
at its \`doc_url\`. A path that is not served answers 404 \`route_missing\`, a method that a path does not take 405
\`method_not_allowed\`. Quote \`Request-Id\` when you ask for help.

## Limits

Each key may make a number of requests per second; above it the answer is 429 with \`Retry-After\`. A server that falls
behind answers 503 \`overloaded\` with \`Retry-After\`. Bodies are at most 1 MiB.
`

interface Tag {
  name: string
  description: string
  /** Listed although no operation carries it. */
  always?: true
}

export const tags: readonly Tag[] = [
  {
    name: 'Roles',
    always: true,
    description: `\
What a key may do. Each operation lists its roles, also as \`x-roles\`.

- \`service\`: acts for one merchant from a back end: payments, refunds, threads, customers, webhooks, reading the ledger.
- \`merchant\`: everything of one merchant, API keys included.
- \`bot\`: threads, messages, customers, payment intents, and reading its own. It never refunds, captures or sees the ledger.
- \`finance\`: reads payments, refunds, customers, events and the ledger, and exports the journal. It never charges.
- \`platform\`: as \`merchant\`, for any merchant by \`Stripe-Account\`.`,
  },
  {
    name: 'Threads',
    description: `\
A thread is one conversation in one chat platform, named by \`channel\` and the platform's own \`external_id\`. Creating it
again finds it. A payment intent takes \`thread\` (an id, or \`{channel, external_id}\`) and \`participant\` (who is asked to pay);
clients that cannot send parameters unknown to Stripe put a thread's id into \`metadata[thread]\`. The timeline tells what
happened in a thread, in order.`,
  },
  {
    name: 'Payment intents',
    description: 'One wish for money and all attempts to get it. Stripe’s object, with a thread.',
  },
  { name: 'Charges', description: 'The attempts of a payment intent that reached the provider.' },
  {
    name: 'Refunds',
    description:
      'Money back to the payer. Accepted at once, submitted by a worker, told by `refund.updated` or `refund.failed`.',
  },
  {
    name: 'Disputes',
    description:
      'What payers dispute at their bank, or complain of in their app: evidence, deadlines, outcome. Stripe’s object, with a thread.',
  },
  {
    name: 'Checkouts',
    description: 'An order in a chat: priced by us, shown in each platform’s own format, paid by one payment intent.',
  },
  { name: 'Promotion codes', description: 'What a payer types for a discount.' },
  {
    name: 'Bills',
    description:
      'One bill that several people of a thread pay: a payment for each share, parts that add up to the unit, and refunds to each in proportion.',
  },
  { name: 'Customers', description: 'The people who pay. Kept apart from the ledger, so that they can be erased.' },
  {
    name: 'Payment methods',
    description:
      'What a payer agreed to have kept, for one-tap payment and for charges without them. The card itself is with the provider.',
  },
  {
    name: 'Setup intents',
    description: 'A payment method that is kept without a payment. Stripe’s object, with a page for the payer.',
  },
  {
    name: 'Ledger',
    description: 'Double-entry accounts, transactions and entries, read only. Debits are positive, credits negative.',
  },
  {
    name: 'Payouts',
    description: 'What providers hold for you, what moved it line by line, and what they sent to your bank.',
  },
  { name: 'Outbound payments', description: 'Money to a person, where the provider can send it.' },
  { name: 'Reports', description: 'What brought the money, net of refunds.' },
  { name: 'Exports', description: 'The journal as a file.' },
  { name: 'Events', description: 'What happened, in Stripe’s envelope; the same that is sent to webhook endpoints.' },
  { name: 'Webhook endpoints', description: 'Where events are sent. The section *Webhooks* lists them.' },
  { name: 'Deliveries', description: 'One per event and webhook endpoint: its attempts, and a way to send it again.' },
  {
    name: 'Connections',
    description:
      'Your accounts at chat platforms, and your endpoint that may refuse a charge. Secrets are never shown again.',
  },
  { name: 'Routing', description: 'Which account takes which payment: your rules, the first that holds decides.' },
  { name: 'Channel updates', description: 'What chat platforms sent, and what waits for a person.' },
  {
    name: 'Provider events',
    description: 'The inbox: what providers sent, what it changed, and what waits for a person.',
  },
  {
    name: 'Account',
    description: 'Who sells: name, colour, logo, contact, and your own words, on pages and on cards in chats.',
  },
  { name: 'API keys', description: 'Made, listed, rolled and revoked. A secret is shown once.' },
]

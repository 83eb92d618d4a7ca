import type { ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi'
import { type ErrorCode, errorCatalogue } from '#kernel/error-catalogue.ts'
import { header, headerComponents } from './openapi-call.ts'
import { hasParameters } from './openapi-schemas.ts'
import type { Route } from './route.ts'

const codes = Object.keys(errorCatalogue) as ErrorCode[]

/** What every operation can answer, as named responses. */
const common = {
  Unauthorized: ['api_key_missing', 'api_key_invalid', 'api_key_expired'],
  Forbidden: ['permission_denied'],
  TooManyRequests: ['rate_limit'],
  InternalError: ['internal_error'],
  Overloaded: ['overloaded'],
} as const satisfies Record<string, readonly ErrorCode[]>

const unreadable = ['parameter_unknown', 'parameter_invalid_string', 'invalid_body', 'invalid_characters'] as const

/** The error answers of an operation, by status, with the codes that each can carry. */
export const describeErrors = (route: Route): ZodOpenApiResponsesObject => {
  const answers: ZodOpenApiResponsesObject = {}
  for (const [status, group] of [...groupByStatus(codesOf(route))].sort(([a], [b]) => a - b)) {
    const shared = Object.entries(common).find(([, list]) => list.join() === group.join())
    answers[`${status}`] = shared ? { $ref: `#/components/responses/${shared[0]}` } : describeGroup(status, group)
  }
  return answers
}

const codesOf = (route: Route): Set<ErrorCode> =>
  new Set<ErrorCode>([
    ...Object.values(common).flat(),
    ...unreadable,
    // Stripe-Account may name a merchant that does not exist.
    'resource_missing',
    ...(hasParameters(route.body) ? (['parameter_missing', 'parameter_invalid_integer'] as const) : []),
    ...(route.method === 'post'
      ? (['idempotency_error', 'idempotency_key_in_use', 'body_too_large'] as const)
      : (['parameter_invalid_integer'] as const)),
    ...route.errors,
  ])

const groupByStatus = (chosen: ReadonlySet<ErrorCode>): Map<number, ErrorCode[]> => {
  const groups = new Map<number, ErrorCode[]>()
  for (const code of codes.filter((one) => chosen.has(one))) {
    const { status } = errorCatalogue[code]
    groups.set(status, [...(groups.get(status) ?? []), code])
  }
  for (const list of Object.values(common)) {
    const { status } = errorCatalogue[list[0]]
    // The common ones first and in their own order, so that a plain group is recognised as one of them.
    const rest = (groups.get(status) ?? []).filter((code) => !(list as readonly ErrorCode[]).includes(code))
    groups.set(status, [...list, ...rest])
  }
  return groups
}

const describeGroup = (status: number, group: readonly ErrorCode[]): ZodOpenApiResponseObject => ({
  description: group.map((code) => `- \`${code}\`: ${errorCatalogue[code].title}`).join('\n'),
  headers: errorHeaders(status),
  content: {
    'application/json': {
      schema: { $ref: '#/components/schemas/Error' },
      examples: Object.fromEntries(group.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
    },
  },
})

const errorHeaders = (status: number) => ({
  'Request-Id': header('RequestId'),
  ...(status === 401 && { 'WWW-Authenticate': header('WwwAuthenticate') }),
  ...([409, 429, 503].includes(status) && { 'Retry-After': header('RetryAfter') }),
})

export const errorComponents = (publicUrl: string) => ({
  schemas: { Error: errorSchema },
  headers: headerComponents,
  responses: Object.fromEntries(
    Object.entries(common).map(([name, list]) => [name, describeGroup(errorCatalogue[list[0]].status, list)]),
  ),
  examples: Object.fromEntries(codes.map((code) => [code, { summary: code, value: exampleOf(code, publicUrl) }])),
})

const exampleOf = (code: ErrorCode, publicUrl: string) => {
  const { type, title } = errorCatalogue[code]
  return { error: { type, code, message: title, doc_url: `${publicUrl}/docs/errors/${code}` } }
}

const text = (description: string) => ({ type: 'string', description }) as const

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['type', 'code', 'message', 'doc_url'],
      properties: {
        type: {
          type: 'string',
          enum: [...new Set(codes.map((code) => errorCatalogue[code].type))].sort(),
          description: "Stripe's error type: what its libraries choose the class of the exception by.",
        },
        code: { type: 'string', enum: codes, description: 'What went wrong. See the error’s page at `doc_url`.' },
        message: text('What went wrong and what to do next, for the engineer who reads the log.'),
        param: text('The parameter that is wrong, with brackets: `metadata[order]`.'),
        decline_code: text("The card issuer's reason, as the provider gives it: `insufficient_funds`."),
        doc_url: { ...text('The page about this code.'), format: 'uri' },
        payment_intent: { type: 'object', description: 'With declines: the payment intent after the attempt.' },
        charge: text('With declines: the attempt that failed.'),
      },
    },
  },
} as const

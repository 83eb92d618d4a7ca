import type { ZodOpenApiResponseObject, ZodOpenApiResponsesObject, ZodOpenApiSchemaObject } from 'zod-openapi'
import { type ErrorCode, errorCatalogue } from '#kernel/error-catalogue.ts'
import { header, headerComponents } from './openapi-call.ts'
import { hasParameters } from './openapi-schemas.ts'
import type { Route } from './route.ts'

const codes = Object.keys(errorCatalogue) as ErrorCode[]

/** What every operation can answer. */
const everywhere = {
  Unauthorized: ['api_key_missing', 'api_key_invalid', 'api_key_expired'],
  Forbidden: ['permission_denied'],
  // Stripe-Account may name a merchant that does not exist.
  NotFound: ['resource_missing'],
  TooManyRequests: ['rate_limit'],
  InternalError: ['internal_error'],
  Overloaded: ['overloaded'],
} as const satisfies Record<string, readonly ErrorCode[]>

const unreadable = [
  'parameter_unknown',
  'parameter_invalid_string',
  'parameter_invalid_integer',
  'parameter_invalid_empty',
  'invalid_characters',
  'invalid_body',
] as const
const onPost = {
  BadRequest: [...unreadable, 'idempotency_error'],
  KeyInUse: ['idempotency_key_in_use'],
  BodyTooLarge: ['body_too_large'],
} as const satisfies Record<string, readonly ErrorCode[]>
const onOthers = { BadQuery: unreadable } as const satisfies Record<string, readonly ErrorCode[]>

/** Answers that many operations share, by name. */
const shared: Readonly<Record<string, readonly ErrorCode[]>> = { ...onPost, ...onOthers, ...everywhere }

/** What a provider may refuse a call with; its code is passed on when it is in the catalogue. */
const refusals: readonly ErrorCode[] = [
  'card_declined',
  'authentication_required',
  'expired_card',
  'incorrect_cvc',
  'incorrect_number',
  'payment_intent_action_required',
  'payment_intent_authentication_failure',
  'payment_intent_incompatible_payment_method',
  'payment_intent_payment_attempt_expired',
  'payment_intent_payment_attempt_failed',
  'payment_method_unexpected_state',
  'processing_error',
  'provider_error',
]

/** The error answers of an operation, by status, with the codes that each can carry. */
export const describeErrors = (route: Route): ZodOpenApiResponsesObject => {
  const answers: ZodOpenApiResponsesObject = {}
  for (const [status, group] of groupByStatus(codesOf(route))) {
    const name = Object.keys(shared).find((one) => shared[one]?.join() === group.join())
    answers[`${status}` as '400'] = name ? { $ref: `#/components/responses/${name}` } : describeGroup(status, group)
  }
  return answers
}

/** In the order of the shared answers, so that a group without anything else is recognised as one of them. */
const codesOf = (route: Route): Set<ErrorCode> => {
  const own = route.method === 'post' ? onPost : onOthers
  return new Set([...Object.values({ ...own, ...everywhere }).flat(), ...implied(route), ...route.errors])
}

/** What follows from an operation's parameters and from its calling the provider. */
const implied = (route: Route): ErrorCode[] => [
  ...(hasParameters(route.body) ? (['parameter_missing'] as const) : []),
  ...('ending_before' in route.query.shape ? (['parameters_exclusive'] as const) : []),
  ...(route.errors.includes('provider_unknown_outcome') ? refusals : []),
]

const groupByStatus = (chosen: ReadonlySet<ErrorCode>): [number, ErrorCode[]][] => {
  const groups = Map.groupBy(chosen, (code) => errorCatalogue[code].status)
  return [...groups].sort(([a], [b]) => a - b)
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

export const errorComponents = (routes: readonly Route[], publicUrl: string) => ({
  schemas: { Error: errorSchema },
  headers: headerComponents,
  responses: Object.fromEntries(
    Object.entries(shared).flatMap(([name, list]) => {
      const [first] = list
      return first === undefined ? [] : [[name, describeGroup(errorCatalogue[first].status, list)]]
    }),
  ),
  examples: Object.fromEntries(
    usedCodes(routes).map((code) => [code, { summary: code, value: exampleOf(code, publicUrl) }]),
  ),
})

/** In the catalogue's order, so that the document does not depend on the order of the routes. */
const usedCodes = (routes: readonly Route[]): ErrorCode[] => {
  const used = new Set([...Object.values(shared).flat(), ...routes.flatMap((route) => [...codesOf(route)])])
  return codes.filter((code) => used.has(code))
}

const exampleOf = (code: ErrorCode, publicUrl: string) => {
  const { type, title } = errorCatalogue[code]
  return { error: { type, code, message: title, doc_url: `${publicUrl}/docs/errors/${code}` } }
}

const text = (description: string): ZodOpenApiSchemaObject => ({ type: 'string', description })

const errorSchema: ZodOpenApiSchemaObject = {
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
        doc_url: { type: 'string', format: 'uri', description: 'The page about this code.' },
        payment_intent: { type: 'object', description: 'With declines: the payment intent after the attempt.' },
        charge: text('With declines: the attempt that failed.'),
      },
    },
  },
}

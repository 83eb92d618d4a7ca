/** One error, shaped as Stripe prints it. Thrown anywhere below the request pipeline, printed there. */
export class ApiError extends Error {
  readonly status: number
  readonly fields: ErrorFields
  /** A card error keeps its work (the failed charge, its events); every other error rolls back. */
  readonly keepsWork: boolean

  constructor(status: number, fields: ErrorFields, keepsWork = false) {
    super(fields.message)
    this.status = status
    this.fields = fields
    this.keepsWork = keepsWork
  }
}

/** Raised while parameters are read: such an answer is not stored under the idempotency key. */
export class InvalidParameters extends ApiError {}

export type ErrorFields = {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'
  message: string
  code?: string
  param?: string
  decline_code?: string
  charge?: string
  payment_intent?: object
  payment_method?: object
  setup_intent?: object
  advice_code?: string
  network_decline_code?: string
}

export function invalidParam(message: string, param: string | undefined, code?: string): InvalidParameters {
  return new InvalidParameters(400, {
    type: 'invalid_request_error',
    message,
    ...(param ? { param } : {}),
    ...(code ? { code } : {}),
  })
}

export function invalidRequest(message: string, more: Partial<ErrorFields> = {}): ApiError {
  return new ApiError(400, { type: 'invalid_request_error', message, ...more })
}

/** Stripe spells the names of missing objects in its own way, object by object. */
export function resourceMissing(kind: string, id: string, param: string, status = 404): ApiError {
  const name = MISSING_NAMES[kind] ?? kind
  const shown = kind === 'checkout.session' ? `${name}: ${id}` : `${name}: '${id}'`
  return new ApiError(status, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param,
    message: `No such ${shown}`,
  })
}

export function errorBody(error: ApiError, requestId: string): object {
  const { type, message, code, ...rest } = error.fields
  return {
    error: {
      ...rest,
      ...(code ? { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` } : {}),
      message,
      request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}`,
      type,
    },
  }
}

const MISSING_NAMES: Record<string, string> = { payment_method: 'PaymentMethod', setup_intent: 'setupintent' }

/** One error, as WeChat Pay prints it. Thrown anywhere below the request pipeline, printed there. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly detail: ErrorDetail | undefined

  constructor(code: ErrorCode, message: string, detail?: ErrorDetail) {
    super(message)
    this.code = code
    this.detail = detail
  }
}

export type ErrorDetail = {
  field: string
  value: unknown
  issue: string
  location: 'body' | 'query' | 'url' | 'header'
}
export type ErrorCode = keyof typeof ERRORS

/** HTTP status, and the number that ends the Request-ID. */
const ERRORS = {
  PARAM_ERROR: [400, 268435461],
  INVALID_REQUEST: [400, 268498688],
  APPID_MCHID_NOT_MATCH: [400, 268445527],
  MCH_NOT_EXISTS: [400, 268435462],
  ORDER_CLOSED: [400, 268447914],
  NO_STATEMENT_EXIST: [400, 268435463],
  STATEMENT_CREATING: [400, 268435463],
  SIGN_ERROR: [401, 268443699],
  NO_AUTH: [403, 268448010],
  NOT_ENOUGH: [403, 268439558],
  ORDER_PAID: [403, 268449538],
  TRADE_ERROR: [403, 268439557],
  ORDER_NOT_EXIST: [404, 268512771],
  RESOURCE_NOT_EXISTS: [404, 268512771],
  FREQUENCY_LIMITED: [429, 268447840],
  SYSTEM_ERROR: [500, 268435457],
} as const satisfies Record<string, readonly [number, number]>

export const statusOf = (error: ApiError): number => ERRORS[error.code][0]
export const numberOf = (error: ApiError): number => ERRORS[error.code][1]

export function errorBody({ code, message, detail }: ApiError): object {
  return { code, message, ...(detail ? { detail } : {}) }
}

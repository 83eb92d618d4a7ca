import { type ErrorCode, errorCatalogue } from './error-catalogue.ts'

export interface ErrorDetails {
  /** What the client should know and do; the catalogue's title is used when absent. */
  message?: string
  /** The offending parameter in bracket form: `metadata[thread]`. */
  param?: string
  declineCode?: string
  /** Extra public members of Stripe's error object (`payment_intent`, `charge`). */
  extra?: Record<string, unknown>
  /** Seconds for the Retry-After header. */
  retryAfter?: number
  cause?: unknown
}

/** The one error that services throw. `code` decides status and type; nothing else of it is guessed. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? errorCatalogue[code].title, details.cause === undefined ? {} : { cause: details.cause })
    this.name = 'AppError'
    this.code = code
    this.details = details
  }
  get status(): number {
    return errorCatalogue[this.code].status
  }
}

export const notFound = (what: string, id: string, param = 'id'): AppError =>
  new AppError('resource_missing', { message: `No such ${what}: '${id}'`, param })

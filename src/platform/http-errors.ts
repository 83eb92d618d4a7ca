import type { Response } from 'express'
import type { z } from 'zod'
import { type ErrorCode, errorCatalogue } from '#kernel/error-catalogue.ts'
import { AppError } from '#kernel/errors.ts'
import { showPath, unknownParameter } from './form.ts'

/** Stripe's error envelope. Only the catalogue's text and what the thrower meant for the client go out. */
export const errorBody = (error: AppError, docsUrl: string): { error: Record<string, unknown> } => {
  const { message, param, declineCode, extra } = error.details
  return {
    error: {
      type: errorCatalogue[error.code].type,
      code: error.code,
      message: message ?? errorCatalogue[error.code].title,
      ...(param === undefined ? {} : { param }),
      ...(declineCode === undefined ? {} : { decline_code: declineCode }),
      doc_url: `${docsUrl}/docs/errors/${error.code}`,
      ...extra,
    },
  }
}

export const sendError = (response: Response, error: AppError, docsUrl: string): void => {
  if (error.details.retryAfter !== undefined) response.set('Retry-After', String(error.details.retryAfter))
  if (error.status === 401) response.set('WWW-Authenticate', 'Bearer realm="parley"')
  response.status(error.status).json(errorBody(error, docsUrl))
}

/** The first problem that zod found, in Stripe's words. */
export const fromZodError = (error: z.ZodError): AppError => {
  const [issue] = error.issues
  if (!issue) return new AppError('invalid_body')
  return fromIssue(issue, [])
}

const fromIssue = (issue: z.core.$ZodIssue, prefix: PropertyKey[]): AppError => {
  const path = [...prefix, ...issue.path]
  const param = showPath(path)
  if (issue.code === 'unrecognized_keys') return unknownParameter(showPath([...path, issue.keys[0] ?? '']))
  if (issue.code === 'invalid_union') {
    const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0]
    if (deepest && deepest.path.length > 0) return fromIssue(deepest, path)
  }
  const code =
    'input' in issue && issue.input === undefined && issue.code === 'invalid_type' ? 'parameter_missing' : codeOf(issue)
  return new AppError(code, { param, message: sentence(code, issue, param) })
}

const codeOf = (issue: z.core.$ZodIssue): ErrorCode => {
  if (issue.code === 'custom' && isErrorCode(issue.params?.code)) return issue.params.code
  if (issue.code === 'invalid_type' && (issue.expected === 'number' || issue.expected === 'int'))
    return 'parameter_invalid_integer'
  if (issue.code === 'too_small' && issue.origin === 'string') return 'parameter_invalid_empty'
  if (issue.path.at(-1) === 'amount' || issue.path.at(-1) === 'amount_to_capture') {
    if (issue.code === 'too_small') return 'amount_too_small'
    if (issue.code === 'too_big') return 'amount_too_large'
  }
  return 'origin' in issue && (issue.origin === 'number' || issue.origin === 'int')
    ? 'parameter_invalid_integer'
    : 'parameter_invalid_string'
}

const isErrorCode = (value: unknown): value is ErrorCode => typeof value === 'string' && value in errorCatalogue

const sentence = (code: ErrorCode, issue: z.core.$ZodIssue, param: string): string => {
  if (code === 'parameter_missing') return `Missing required param: ${param}.`
  if (code === 'parameter_invalid_integer' && issue.code === 'invalid_type')
    return `Invalid integer: ${param} must be a whole number of minor units or a count.`
  if (code === 'amount_too_small' || code === 'amount_too_large') return errorCatalogue[code].title
  return param === '' ? issue.message : `Invalid ${param}: ${issue.message}`
}

/** Parses with a schema or throws the client's first mistake. `input` must be reported: it tells missing from wrong. */
export const parseOrThrow = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (!parsed.success) throw fromZodError(parsed.error)
  return parsed.data
}

/** Turns whatever was thrown into what the client may see. Unknown errors become a 500 without details. */
export const toAppError = (error: unknown): AppError => {
  if (error instanceof AppError) return error
  const type = error instanceof Error && 'type' in error ? error.type : undefined
  if (type === 'entity.too.large') return new AppError('body_too_large')
  if (error instanceof URIError)
    return new AppError('invalid_body', { message: 'The path has a broken percent escape.' })
  if (type === 'encoding.unsupported') return new AppError('invalid_body', { message: unsupportedEncoding })
  // What the body parser calls the client's fault: broken gzip, a length that is wrong, a connection that ended early.
  if (isClientFault(error)) return new AppError('invalid_body')
  return new AppError('internal_error', { cause: error })
}

const unsupportedEncoding = 'This Content-Encoding is not known. Send the body as it is, or with gzip, deflate or br.'

const isClientFault = (error: unknown): boolean =>
  error instanceof Error &&
  'status' in error &&
  typeof error.status === 'number' &&
  error.status >= 400 &&
  error.status < 500

import { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiRequestBodyObject, ZodOpenApiResponseObject } from 'zod-openapi'
import { answerHeaders, callParameters } from './openapi-call.ts'
import { describeErrors } from './openapi-errors.ts'
import { requestExamples } from './openapi-examples.ts'
import { bodyName, hasParameters, listName, named, takesBrackets } from './openapi-schemas.ts'
import type { Route } from './route.ts'

/** `/v1/threads/:id` → `/v1/threads/{id}` */
export const openApiPath = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}')

export const describeOperation = (route: Route): ZodOpenApiOperationObject => ({
  operationId: route.operationId,
  tags: [route.tag],
  summary: route.summary,
  description: describe(route),
  security: [{ bearer: [] }, { basic: [] }],
  'x-roles': [...route.roles],
  parameters: callParameters(route.method),
  requestParams: {
    ...(hasParameters(route.params) && { path: withPathTexts(route) }),
    ...(hasParameters(route.query) && { query: withBrackets(route.query) }),
  },
  ...(hasParameters(route.body) && { requestBody: describeBody(route, route.body) }),
  responses: { 200: describeAnswer(route), ...describeErrors(route) },
})

const describe = (route: Route): string => {
  const roles = route.roles.map((role) => `\`${role}\``).join(', ')
  return [route.description ?? `${route.summary}.`, `Keys with these roles: ${roles}.`].join('\n\n')
}

const withPathTexts = (route: Route): z.ZodObject => {
  const { id, ...others } = route.params.shape
  if (id === undefined) return route.params
  const meta = (id as z.ZodType).meta() ?? {}
  const text = { description: `Id of the ${subject(route.path)}.`, ...meta }
  return route.params.extend({ ...others, id: (id as z.ZodType).meta(text) })
}

/** The word before `:id`, in the singular: `/v1/api_keys/:id/roll` → `API key`. */
const subject = (path: string): string => {
  const plural = path.split('/:id')[0]?.split('/').at(-1)?.replaceAll('_', ' ') ?? 'object'
  return plural.replace(/ies$/, 'y').replace(/s$/, '').replace(/^api /, 'API ')
}

/** Lists and ranges are sent with brackets, as Stripe's clients write them. */
const withBrackets = (query: z.ZodObject): z.ZodObject => {
  const changed = Object.entries(query.shape).flatMap(([name, field]) =>
    takesBrackets(field)
      ? [[name, (field as z.ZodType).meta({ ...(field as z.ZodType).meta(), param: bracketStyle })] as const]
      : [],
  )
  return query.extend(Object.fromEntries(changed))
}

const bracketStyle = { style: 'deepObject', explode: true } as const

const describeBody = (route: Route, body: z.ZodObject): ZodOpenApiRequestBodyObject => {
  const sample = requestExamples[route.operationId]
  const example = sample === undefined ? {} : { example: sample }
  const nested = Object.entries(body.shape).filter(([, field]) => takesBrackets(field))
  const schema = named(body, bodyName(route))
  const encoding = Object.fromEntries(nested.map(([name]) => [name, bracketStyle]))
  return {
    required: Object.values(body.shape).some((field) => !(field as z.ZodType).safeParse(undefined).success),
    content:
      route.file === undefined
        ? {
            'application/x-www-form-urlencoded': { schema, ...example, ...(nested.length > 0 && { encoding }) },
            'application/json': { schema, ...example },
          }
        : { 'multipart/form-data': { schema: withFile(body, route.file) } },
  }
}

/** Files travel in parts of their own. */
const withFile = (body: z.ZodObject, name: string): z.ZodObject =>
  body.extend({ [name]: z.file().meta({ type: 'string', format: 'binary', description: 'The file itself.' }) })

const describeAnswer = (route: Route): ZodOpenApiResponseObject => ({
  description: route.contentType === undefined ? 'Success.' : 'Success: a stream of text.',
  headers: answerHeaders(route.method),
  content: {
    [route.contentType ?? 'application/json']: {
      schema: named(route.response, listName(route.response)),
      example: route.example,
    },
  },
})

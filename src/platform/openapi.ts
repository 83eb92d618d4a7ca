import { createDocument, type ZodOpenApiObject, type ZodOpenApiOverride, type ZodOpenApiPathsObject } from 'zod-openapi'
import { parameterComponents } from './openapi-call.ts'
import { errorComponents } from './openapi-errors.ts'
import { describeOperation, openApiPath } from './openapi-operation.ts'
import { apiVersion, introduction, tags } from './openapi-texts.ts'
import { describeWebhooks } from './openapi-webhooks.ts'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 description of exactly these operations. Pure: the same routes give the same document. */
export const createOpenApiDocument = (routes: readonly Route[], options: { publicUrl: string }): object => {
  const document: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'Parley',
      version: apiVersion,
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: options.publicUrl, description: 'Where this document was made.' }],
    security: [{ bearer: [] }, { basic: [] }],
    tags: tags.filter((tag) => tag.always || routes.some((route) => route.tag === tag.name)).map(plainTag),
    paths: describePaths(routes),
    webhooks: describeWebhooks(routes),
    components: {
      securitySchemes,
      parameters: parameterComponents,
      ...errorComponents(routes, options.publicUrl),
    },
  }
  return createDocument(document, { override: openAnswers })
}

const plainTag = ({ name, description }: { name: string; description: string }) => ({ name, description })

const describePaths = (routes: readonly Route[]): ZodOpenApiPathsObject => {
  const paths: ZodOpenApiPathsObject = {}
  for (const route of routes) {
    const path = openApiPath(route.path)
    paths[path] = { ...paths[path], [route.method]: describeOperation(route) }
  }
  return paths
}

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'The API key as a Bearer token: `Authorization: Bearer par_test_svc_…`.',
  },
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'The API key as the user name, with an empty password: `curl -u par_test_svc_…:`.',
  },
} as const

/** Answers may gain members at any time, so no client may refuse one that it does not know. */
const openAnswers: ZodOpenApiOverride = ({ jsonSchema, io }) => {
  if (io !== 'output') return
  const { additionalProperties } = jsonSchema
  const isEmpty = typeof additionalProperties === 'object' && Object.keys(additionalProperties).length === 0
  if (additionalProperties === false || (isEmpty && jsonSchema.properties !== undefined))
    delete jsonSchema.additionalProperties
}

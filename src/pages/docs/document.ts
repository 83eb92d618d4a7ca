import { z } from 'zod'

const json = z.unknown()

/** A JSON schema as far as the reference shows it. */
export const schemaNode = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  enum: z.array(json).optional(),
  const: json.optional(),
  default: json.optional(),
  format: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), schemaNode).optional()
  },
  get items() {
    return schemaNode.optional()
  },
  get anyOf() {
    return z.array(schemaNode).optional()
  },
  get oneOf() {
    return z.array(schemaNode).optional()
  },
  get allOf() {
    return z.array(schemaNode).optional()
  },
})
export type SchemaNode = z.output<typeof schemaNode>

const reference = z.object({ $ref: z.string() })

const parameter = z.object({
  in: z.enum(['path', 'query', 'header']),
  name: z.string(),
  required: z.boolean().optional(),
  description: z.string().optional(),
  schema: schemaNode.optional(),
})
export type Parameter = z.output<typeof parameter>

const media = z.object({
  example: json.optional(),
  examples: z.record(z.string(), json).optional(),
  schema: schemaNode.optional(),
})
const content = z.record(z.string(), media).optional()

const response = z.object({ description: z.string().optional(), content })

const operation = z.object({
  operationId: z.string(),
  tags: z.array(z.string()).min(1),
  summary: z.string(),
  description: z.string().optional(),
  'x-roles': z.array(z.string()).optional(),
  parameters: z.array(z.union([reference, parameter])).optional(),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.union([reference, response])),
})

const paths = z.record(z.string(), z.record(z.string(), operation))

const openapi = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string().optional() }),
  tags: z.array(z.object({ name: z.string(), description: z.string().optional() })).optional(),
  paths,
  components: z
    .object({
      schemas: z.record(z.string(), schemaNode).optional(),
      parameters: z.record(z.string(), parameter).optional(),
      responses: z.record(z.string(), response).optional(),
    })
    .optional(),
})
type OpenApi = z.output<typeof openapi>

export interface Operation {
  id: string
  method: string
  path: string
  tag: string
  summary: string
  description: string
  roles: readonly string[]
  parameters: readonly Parameter[]
  body: { schema: SchemaNode | undefined; example: unknown } | undefined
  answer: { type: string; schema: SchemaNode | undefined; example: unknown } | undefined
  /** Error codes by HTTP status. */
  errors: readonly { status: string; codes: readonly string[] }[]
}

export interface Reference {
  title: string
  version: string
  description: string
  tags: readonly { name: string; description: string; operations: readonly Operation[] }[]
  schemas: Readonly<Record<string, SchemaNode>>
}

/** Reads an OpenAPI document once, at the start; one that we do not understand stops the start. */
export const readDocument = (document: object): Reference => {
  const parsed = openapi.parse(document)
  const operations = Object.entries(parsed.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, found]) => readOperation(parsed, method, path, found)),
  )
  return {
    title: parsed.info.title,
    version: parsed.info.version,
    description: parsed.info.description ?? '',
    schemas: parsed.components?.schemas ?? {},
    tags: (parsed.tags ?? []).map(({ name, description = '' }) => ({
      name,
      description,
      operations: operations.filter(({ tag }) => tag === name),
    })),
  }
}

const readOperation = (
  document: OpenApi,
  method: string,
  path: string,
  found: z.output<typeof operation>,
): Operation => {
  const { parameters = [], responses, requestBody } = found
  const form = requestBody?.content?.['application/json'] ?? Object.values(requestBody?.content ?? {})[0]
  const whole = Object.entries(responses).map(([status, one]) => ({
    status,
    ...('$ref' in one ? (document.components?.responses?.[nameOf(one.$ref)] ?? {}) : one),
  }))
  const success = whole.find(({ status }) => status.startsWith('2'))
  const [type, answer] = Object.entries(success?.content ?? {})[0] ?? []
  return {
    id: found.operationId,
    method: method.toUpperCase(),
    path,
    tag: found.tags[0] ?? '',
    summary: found.summary,
    // Where nothing more is known the description begins with the summary, which is the heading already.
    description: (found.description ?? '').replace(`${found.summary}.`, '').trim(),
    roles: found['x-roles'] ?? [],
    parameters: parameters.flatMap((one) =>
      '$ref' in one ? (document.components?.parameters?.[nameOf(one.$ref)] ?? []) : one,
    ),
    body: form && { schema: form.schema, example: form.example },
    answer: answer && { type: type ?? '', schema: answer.schema, example: answer.example },
    errors: whole
      .filter(({ status }) => !status.startsWith('2'))
      .map(({ status, content: body }) => ({ status, codes: codesOf(body) })),
  }
}

const codesOf = (body: z.output<typeof content>): string[] => Object.keys(body?.['application/json']?.examples ?? {})

export const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1)

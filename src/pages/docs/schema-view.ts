import { type Html, html, nothing } from '#pages/web/html.ts'
import { nameOf, type Parameter, type SchemaNode } from './document.ts'
import { inline } from './markdown.ts'

type Schemas = Readonly<Record<string, SchemaNode>>

const depthMax = 5

/** The members of an object, each with its type, its limits and its own members folded away. */
export const fieldsView = (schema: SchemaNode | undefined, schemas: Schemas, depth = 0): Html => {
  const node = schema && follow(schema, schemas)
  const fields = Object.entries(node?.properties ?? {})
  if (fields.length === 0) return nothing
  return html`<ul class="fields">${fields.map(([name, field]) => fieldView(name, field, node?.required?.includes(name) ?? false, schemas, depth))}</ul>`
}

export const parametersView = (parameters: readonly Parameter[], schemas: Schemas): Html =>
  html`<ul class="fields">${parameters.map(({ name, schema, required, description, in: place }) =>
    fieldView(name, { ...schema, ...(description ? { description } : {}) }, required ?? false, schemas, 0, place),
  )}</ul>`

const fieldView = (
  name: string,
  field: SchemaNode,
  isRequired: boolean,
  schemas: Schemas,
  depth: number,
  place?: string,
): Html => {
  const node = follow(field, schemas)
  const description = field.description ?? node.description
  const inner = depth < depthMax ? membersOf(node, schemas) : undefined
  return html`<li><p class="field"><code class="field-name">${name}</code> <span class="type">${typeText(field, schemas)}${place && place !== 'query' ? html` · ${place}` : nothing}</span>${isRequired ? html` <span class="required">required</span>` : nothing}</p>
${description ? html`<p class="about">${inline(description.replaceAll('\n', ' '))}</p>` : nothing}${limits(node)}
${inner ? html`<details><summary>members</summary>${fieldsView(inner, schemas, depth + 1)}</details>` : nothing}</li>`
}

const follow = (schema: SchemaNode, schemas: Schemas): SchemaNode => {
  const target = schema.$ref === undefined ? undefined : schemas[nameOf(schema.$ref)]
  return target ?? schema
}

const variantsOf = (node: SchemaNode): readonly SchemaNode[] => node.anyOf ?? node.oneOf ?? node.allOf ?? []

/** The object behind a field: itself, its items, or the one variant that has members. */
const membersOf = (node: SchemaNode, schemas: Schemas): SchemaNode | undefined => {
  const candidates = [node, ...(node.items ? [node.items] : []), ...variantsOf(node)].map((one) => follow(one, schemas))
  return candidates.find(({ properties }) => properties !== undefined && Object.keys(properties).length > 0)
}

const typeText = (field: SchemaNode, schemas: Schemas): string => {
  const node = follow(field, schemas)
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum) return node.enum.map((value) => JSON.stringify(value)).join(' | ')
  const variants = variantsOf(node)
  if (variants.length > 0) return [...new Set(variants.map((one) => typeText(one, schemas)))].join(' | ')
  const type = Array.isArray(node.type) ? node.type.join(' | ') : (node.type ?? 'any')
  return node.items && type === 'array' ? `array of ${typeText(node.items, schemas)}` : type
}

const limits = ({ minimum, maximum, minLength, maxLength, maxItems, default: standard }: SchemaNode): Html => {
  const isSafe = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER
  const parts = [
    ...(standard === undefined ? [] : [`default ${JSON.stringify(standard)}`]),
    ...(isSafe(minimum) ? [`≥ ${minimum}`] : []),
    ...(isSafe(maximum) ? [`≤ ${maximum}`] : []),
    ...(minLength !== undefined && minLength > 1 ? [`at least ${minLength} characters`] : []),
    ...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
  ]
  return parts.length === 0 ? nothing : html`<p class="limits">${parts.join(' · ')}</p>`
}

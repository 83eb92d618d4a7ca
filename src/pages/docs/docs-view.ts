import { type ErrorCode, errorCatalogue } from '#kernel/error-catalogue.ts'
import { AppError } from '#kernel/errors.ts'
import { curlOf, type Params } from '#pages/web/curl.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'
import { colour } from '#pages/web/json-colours.ts'
import { errorBody } from '#platform/http-errors.ts'
import type { Operation, Reference } from './document.ts'
import { markdown, slug } from './markdown.ts'
import { fieldsView, parametersView } from './schema-view.ts'

/** The frame of every page: all subjects at one side, the page's own content beside them. */
export const docsFrame = ({ tags, title, version }: Reference, current: string, content: Html): Html => {
  const link = (href: string, name: string) =>
    html`<li><a class="docs-link" href="${href}"${href === current ? html` aria-current="page"` : nothing}>${name}</a></li>`
  return html`<div class="docs-grid">
<nav class="docs-nav" aria-label="Subjects"><p class="docs-name"><a href="/docs">${title}</a> <span class="type">${version}</span></p>
<ul>${link('/docs', 'Overview')}${tags.filter(({ operations }) => operations.length > 0).map(({ name }) => link(`/docs/${slug(name)}`, name))}${link('/docs/errors', 'Errors')}</ul>
<p><a class="docs-link" href="/docs/openapi.yaml">openapi.yaml</a></p></nav>
<main class="docs-main">${content}</main>
</div>`
}

export const overview = (reference: Reference): Html => html`<h1>${reference.title}</h1>
${markdown(reference.description)}
${reference.tags.map(
  ({
    name,
    description,
    operations,
  }) => html`<section class="subject"><h2 id="${slug(name)}">${operations.length > 0 ? html`<a href="/docs/${slug(name)}">${name}</a>` : name}</h2>${markdown(description)}
${operations.length > 0 ? html`<ul class="index">${operations.map((one) => html`<li><a class="index-link" href="/docs/${slug(name)}#${one.id}">${route(one)} <span class="index-summary">${one.summary}</span></a></li>`)}</ul>` : nothing}</section>`,
)}`

const route = ({ method, path }: Operation): Html =>
  html`<span class="route"><span class="method">${method}</span> <code class="path">${path}</code></span>`

export const subject = (
  reference: Reference,
  tag: Reference['tags'][number],
  publicUrl: string,
): Html => html`<h1>${tag.name}</h1>
${markdown(tag.description)}
${tag.operations.map((operation) => operationView(operation, reference, publicUrl))}`

const operationView = (operation: Operation, { schemas }: Reference, publicUrl: string): Html => {
  const { id, summary, description, parameters, body, answer, errors } = operation
  const own = parameters.filter(({ in: place }) => place !== 'header')
  return html`<section class="operation" id="${id}"><h2><a href="#${id}">${summary}</a></h2>
<p>${route(operation)}</p>
${description === '' ? nothing : markdown(description)}
<div class="columns"><div>
${own.length > 0 ? html`<h3>Parameters</h3>${parametersView(own, schemas)}` : nothing}
${body ? html`<h3>Body</h3>${fieldsView(body.schema, schemas)}` : nothing}
${answer ? html`<details class="fold"><summary>Members of the answer</summary>${fieldsView(answer.schema, schemas)}</details>` : nothing}
${errors.length > 0 ? html`<details class="fold"><summary>Errors</summary>${errorsOf(errors)}</details>` : nothing}
</div><div class="example">
<pre tabindex="0"><code>${exampleCall(operation, publicUrl)}</code></pre>
${answer?.example === undefined ? nothing : html`<pre class="json" tabindex="0"><code>${typeof answer.example === 'string' ? answer.example : colour(JSON.stringify(answer.example, null, 2))}</code></pre>`}
</div></div></section>`
}

const exampleCall = ({ method, path, body, answer }: Operation, publicUrl: string): string => {
  const example = answer?.example
  const id = typeof example === 'object' && example !== null && 'id' in example ? String(example.id) : '{id}'
  const params = typeof body?.example === 'object' && body.example !== null ? (body.example as Params) : {}
  const filled = path.replace('{id}', path.endsWith('{id}') || method === 'POST' ? id : '{id}')
  if (method === 'DELETE') return curlOf(publicUrl, { method: 'GET', path: filled }).replace('curl ', 'curl -X DELETE ')
  return curlOf(publicUrl, { method: method === 'POST' ? 'POST' : 'GET', path: filled, params })
}

const errorsOf = (errors: Operation['errors']): Html =>
  html`<dl class="facts">${errors.map(
    ({ status, codes }) =>
      html`<div><dt>${status}</dt><dd>${codes.map((code) => html`<a href="/docs/errors/${code}"><code>${code}</code></a> `)}</dd></div>`,
  )}</dl>`

const codes = Object.keys(errorCatalogue) as ErrorCode[]

export const errorList = (): Html => html`<h1>Errors</h1>
<p>Every error has the same envelope and a code. The code decides the status; the message says what to do next.</p>
<ul class="index">${[...codes].sort().map((code) => {
  const { status, title, retryable } = errorCatalogue[code]
  return html`<li><a class="index-link" href="/docs/errors/${code}"><code class="path">${code}</code><span class="type">${status}${retryable ? ' · try again' : nothing}</span><span class="meaning">${title}</span></a></li>`
})}</ul>`

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorCatalogue, text)

export const errorPage = (code: ErrorCode, publicUrl: string): Html => {
  const { status, type, title, retryable } = errorCatalogue[code]
  return html`<p><a href="/docs/errors">← Errors</a></p><h1><code>${code}</code></h1>
<p class="lead">${title}</p>
<dl class="facts"><div><dt>HTTP status</dt><dd>${status}</dd></div><div><dt>Type</dt><dd><code>${type}</code></dd></div>
<div><dt>Try the same request again?</dt><dd>${retryAdvice(retryable, status)}</dd></div></dl>
<h2>What it looks like</h2>
<pre class="json" tabindex="0"><code>${colour(JSON.stringify(errorBody(new AppError(code), publicUrl), null, 2))}</code></pre>
<p>The <code>message</code> of a real answer may say more: which parameter, which object, which state. Quote the header <code>Request-Id</code> when you ask for help.</p>`
}

const retryAdvice = (isRetryable: boolean, status: number): string => {
  if (!isRetryable)
    return status === 402
      ? 'No. The payer has to do something first.'
      : 'No. It would be refused again; change the request first.'
  return 'Yes, after a pause, with the same Idempotency-Key. Honour Retry-After where it is sent.'
}

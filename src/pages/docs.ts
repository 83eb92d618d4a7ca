import express, { type Response, type Router } from 'express'
import { docsFrame, errorList, errorPage, isErrorCode, overview, subject } from '#pages/docs/docs-view.ts'
import { readDocument } from '#pages/docs/document.ts'
import { slug } from '#pages/docs/markdown.ts'
import { sendPage } from '#pages/web/answer.ts'
import { assets } from '#pages/web/assets.ts'
import { type Html, html } from '#pages/web/html.ts'

export interface DocsOptions {
  /** The OpenAPI document as an object … */
  document: object
  /** … and as the text that is served at /docs/openapi.yaml. */
  openapiText: () => string | Promise<string>
  publicUrl: string
}

/** The API reference, drawn on the server from the OpenAPI document, and a page for every error code. */
export const createDocs = ({ document, openapiText, publicUrl }: DocsOptions): Router => {
  const router = express.Router()
  const reference = readDocument(document)
  const send = (response: Response, path: string, title: string, content: Html, status = 200): void => {
    const body = docsFrame(reference, path, content)
    sendPage(response, {
      status,
      title: `${title} · ${reference.title}`,
      lang: 'en',
      kind: 'docs',
      styles: [assets.docs.path],
      body,
    })
  }
  router.get('/docs', (_request, response) => send(response, '/docs', 'API reference', overview(reference)))
  router.get('/docs/openapi.yaml', async (_request, response) => {
    response.type('application/yaml').send(await openapiText())
  })
  router.get('/docs/errors', (_request, response) => send(response, '/docs/errors', 'Errors', errorList()))
  router.get('/docs/errors/:code', (request, response) => {
    const code = String(request.params.code)
    if (isErrorCode(code)) send(response, '/docs/errors', code, errorPage(code, publicUrl))
    else
      send(
        response,
        '/docs/errors',
        'No such error',
        html`<h1>There is no such error code</h1><p><a href="/docs/errors">All codes</a></p>`,
        404,
      )
  })
  router.get('/docs/:subject', (request, response, next) => {
    const tag = reference.tags.find(
      ({ name, operations }) => operations.length > 0 && slug(name) === request.params.subject,
    )
    if (tag) send(response, `/docs/${slug(tag.name)}`, tag.name, subject(reference, tag, publicUrl))
    else next()
  })
  return router
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import express from 'express'
import request from 'supertest'
import { parse } from 'yaml'
import { errorCatalogue } from '#kernel/error-catalogue.ts'
import { readDocument } from '#pages/docs/document.ts'
import { markdown } from '#pages/docs/markdown.ts'
import { createDocs } from '#pages/docs.ts'

const text = readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')
const document = parse(text) as { paths: Record<string, Record<string, { operationId: string; summary: string }>> }
const app = express().use(createDocs({ document, openapiText: () => text, publicUrl: 'https://pay.example' }))

describe('the API reference', () => {
  test('has every operation, each under one subject', async () => {
    const subjects = readDocument(document).tags.filter(({ operations }) => operations.length > 0)
    const overview = (await request(app).get('/docs').expect(200)).text
    const links = [...overview.matchAll(/href="(\/docs\/[\w-]+)#(\w+)"/g)]
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    )
    assert.deepEqual(links.map(([, , id]) => id).sort(), [...ids].sort())
    assert.equal(
      subjects.reduce((sum, { operations }) => sum + operations.length, 0),
      ids.length,
    )
    for (const [, page = '', id = ''] of links) {
      const { text: shown } = await request(app).get(page).expect(200)
      assert.match(shown, new RegExp(`<section class="operation" id="${id}">`))
    }
  })

  test('shows parameters, body, answer, errors and the call', async () => {
    const { text: shown } = await request(app).get('/docs/payment-intents')
    for (const part of [
      'capture_method',
      'amount_details',
      'required',
      'checkout_url',
      '/docs/errors/card_declined',
      '$PARLEY_KEY',
      '-d amount=',
    ]) {
      assert.ok(shown.includes(part), part)
    }
    assert.doesNotMatch(shown, /undefined|\[object|\$ref/)
  })

  test('is served as it was written', async () => {
    const answer = await request(app).get('/docs/openapi.yaml').expect(200).responseType('blob')
    assert.equal(String(answer.body), text)
  })

  test('loads nothing and runs nothing', async () => {
    for (const path of ['/docs', '/docs/threads', '/docs/errors', '/docs/errors/card_declined']) {
      const { headers, text: shown } = await request(app).get(path)
      assert.match(headers['content-security-policy'] ?? '', /^default-src 'none'; style-src 'self'/)
      assert.doesNotMatch(headers['content-security-policy'] ?? '', /script/)
      assert.doesNotMatch(shown, /<script|(src|href)="https?:/)
    }
  })

  test('refuses a document that it does not understand', () => {
    assert.throws(() => readDocument({ info: {} }))
  })
})

describe('errors', () => {
  test('every code has its page and says whether to try again', async () => {
    const list = (await request(app).get('/docs/errors').expect(200)).text
    for (const [code, { status, retryable }] of Object.entries(errorCatalogue)) {
      assert.ok(list.includes(`/docs/errors/${code}"`), code)
      const { text: shown } = await request(app).get(`/docs/errors/${code}`).expect(200)
      assert.match(shown, new RegExp(`<dd>${status}</dd>`))
      assert.match(shown, retryable ? /<dd>Yes,/ : /<dd>No\./)
    }
  })

  test('an unknown code has none, nor has a name that every object knows', async () => {
    for (const code of ['nope', 'toString', '__proto__', '<script>']) {
      await request(app)
        .get(`/docs/errors/${encodeURIComponent(code)}`)
        .expect(404)
    }
    await request(app).get('/docs/nope').expect(404)
  })
})

describe('markdown', () => {
  test('is drawn as far as we use it', () => {
    const source =
      '## A & B\n\nSome *soft* and **hard** `code` words,\ncontinued.\n\n- one\n  more\n- `two`\n\n```js\na < b\n\nc\n```\n\n[here](/docs) [there](javascript:x)'
    assert.equal(
      markdown(source).markup,
      '<h2 id="a-b">A &amp; B</h2><p>Some <em>soft</em> and <strong>hard</strong> <code>code</code> words, continued.</p>' +
        '<ul><li>one more</li><li><code>two</code></li></ul><pre tabindex="0"><code>a &lt; b\n\nc</code></pre>' +
        '<p><a href="/docs">here</a> <a href="#">there</a></p>',
    )
  })
})

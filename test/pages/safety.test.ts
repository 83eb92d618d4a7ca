import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import request from 'supertest'
import { accentOf, accentStyle } from '#pages/web/accent.ts'
import { assets } from '#pages/web/assets.ts'
import { html, safeUrl } from '#pages/web/html.ts'
import { createTestPages, everyState, providerOrigin } from './payment-pages.ts'

const attacks = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '`-alert(1)-`',
  '</title><svg onload=alert(1)>',
  '&lt;b&gt;',
  'javascript:alert(1)',
  '{amount}{merchant}<i>',
  '\u202etxt.exe',
]

describe('text of others', () => {
  test('stays text wherever it stands', async () => {
    for (const attack of attacks) {
      const amount_details = { line_items: [{ product_name: attack, quantity: 1, unit_cost: 4200 }] }
      const pages = Object.fromEntries(
        Object.entries(everyState).map(([state, change]) => [
          state,
          {
            ...change,
            intent: { ...change.intent, description: attack, return_url: attack, options: { amount_details } },
            merchant: {
              name: attack,
              settings: { accent: attack, logo_url: attack, support_email: attack, support_url: attack },
            },
            thread: { channel: attack, locale: attack },
          },
        ]),
      )
      const { app } = createTestPages({ pages })
      for (const path of Object.keys(pages).flatMap((state) => [`/pay/${state}`, `/receipts/${state}`])) {
        const { text } = await request(app).get(path)
        assert.doesNotMatch(text, /<(script|img src=x|svg onload|i>)/, path)
        assert.doesNotMatch(text, /(href|src|action)="\s*javascript:/i, path)
        assert.doesNotMatch(text, /<[^>]*"\s*onmouseover/, path)
        // Every tag has a name we write, and an even number of quotes.
        for (const [tag] of text.matchAll(/<[^>]*>/g)) assert.equal((tag.split('"').length - 1) % 2, 0, tag)
      }
    }
  })

  test('the template escapes what it is given and joins what is markup', () => {
    assert.equal(
      html`<p title="${'"<&>\'`'}">${['a', '<'].map((part) => html`${part}`)}</p>`.markup,
      '<p title="&quot;&lt;&amp;&gt;&#39;&#96;">a&lt;</p>',
    )
    assert.equal(html`${null}${undefined}${false}${0}${5n}`.markup, '05')
  })

  test('an address leads to the web, to mail or to us', () => {
    for (const url of ['https://a.example', 'http://a.example', '/x', 'mailto:a@b.example', '#x', '?a=b'])
      assert.equal(safeUrl(url), url)
    for (const url of [
      'javascript:alert(1)',
      ' javascript:1',
      'data:text/html,x',
      '//evil.example',
      '/\\evil.example',
      'x',
    ])
      assert.equal(safeUrl(url), '#')
  })
})

describe('headers', () => {
  test('allow nothing but our own files, and forms to us and the provider', async () => {
    const { app } = createTestPages()
    for (const path of ['/pay/payable', '/receipts/paid']) {
      const { headers } = await request(app).get(path)
      assert.equal(
        headers['content-security-policy'],
        `default-src 'none'; style-src 'self'; img-src 'self' https: data:; form-action 'self' ${providerOrigin}; base-uri 'none'; frame-ancestors 'none'`,
      )
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['x-robots-tag'], 'noindex')
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal(headers['x-content-type-options'], 'nosniff')
    }
  })

  test('a page that cannot be shown is a page all the same', async () => {
    const { app } = createTestPages({ readPage: () => Promise.reject(new Error('secret detail')) })
    const answer = await request(app).get('/pay/payable').set('accept-language', 'fr')
    assert.equal(answer.status, 503)
    assert.match(answer.text, /Rien n’a été débité/)
    assert.doesNotMatch(answer.text, /secret detail/)
  })
})

describe('assets', () => {
  test('may be kept for ever, and others do not exist', async () => {
    const { app } = createTestPages()
    for (const { path } of Object.values(assets)) {
      const answer = await request(app).get(path)
      assert.equal(answer.status, 200, path)
      assert.match(answer.headers['cache-control'] ?? '', /immutable/)
    }
    for (const path of ['/assets/base.css', '/assets/..%2fpages.ts', '/assets/accent-zzzzzz.css']) {
      assert.equal((await request(app).get(path)).status, 404)
    }
  })

  test('the front door leads to the demo, the tab’s icon to a file', async () => {
    const { app } = createTestPages()
    assert.equal((await request(app).get('/')).headers.location, '/demo')
    assert.equal((await request(app).get('/favicon.ico')).headers.location, assets.icon.path)
  })
})

describe('the accent', () => {
  test('is a colour or the default', () => {
    assert.equal(accentOf('#E91E63'), 'e91e63')
    for (const wrong of [undefined, '', 'red', '#fff', '#12345g', 'url(x)']) assert.equal(accentOf(wrong), '2f6fed')
  })

  test('is readable, whatever the merchant chose', () => {
    for (const accent of ['2f6fed', 'ffd500', 'ffffff', '000000', 'e91e63', '00ff00', '777777']) {
      const [, fill = '', text = '', light = '', dark = ''] =
        /--accent:(#\w+);--on-accent:(#\w+);--accent-ink:(#\w+)\}.*--accent-ink:(#\w+)/.exec(accentStyle(accent)) ?? []
      assert.ok(contrast(fill, text) >= 4.5, `button of ${accent}: ${contrast(fill, text)}`)
      assert.ok(contrast(light, '#ffffff') >= 4.5, `link of ${accent}`)
      assert.ok(contrast(dark, '#16191f') >= 4.5, `link of ${accent} in the dark`)
    }
  })
})

const contrast = (a: string, b: string): number => {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

const luminance = (hex: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { send } from '../http/message.ts'
import { type Html, html } from './html.ts'
import { STYLE } from './style.ts'

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

export type Page = { status: number; title: string; locale: string; content: Html; leadsTo: (string | null)[] }

/** No script, no foreign resource. Browsers apply form-action to redirects too, so where a form may end is allowed. */
export function sendPage(response: ServerResponse, page: Page): void {
  const targets = page.leadsTo.flatMap((url) => (url === null ? [] : originOf(url)))
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    `form-action ${[...new Set(["'self'", 'https:', ...targets])].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
  send(response, page.status, headers, document(page))
}

export function redirect(response: ServerResponse, location: string): void {
  send(response, 303, { location, 'referrer-policy': 'no-referrer' }, '')
}

function document({ title, locale, content }: Page): string {
  const style: Html = { markup: `<style>${STYLE}</style>` }
  return html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${style}
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`.markup
}

function originOf(url: string): string[] {
  const parsed = URL.parse(url)
  return parsed && /^https?:$/.test(parsed.protocol) ? [parsed.origin] : []
}

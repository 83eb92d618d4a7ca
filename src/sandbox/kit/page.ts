import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Html, html } from './html.ts'
import { send } from './message.ts'

export type Page = { status: number; title: string; locale: string; content: Html; leadsTo: (string | null)[] }

/** No script, no foreign resource. Browsers apply form-action to redirects too, so where a form may end is allowed. */
export function createFrame(style: string): (response: ServerResponse, page: Page) => void {
  const styleHash = createHash('sha256').update(style).digest('base64')
  return (response, page) => {
    const targets = page.leadsTo.flatMap((url) => (url === null ? [] : originOf(url)))
    const policy = [
      "default-src 'none'",
      `style-src 'sha256-${styleHash}'`,
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
    send(response, page.status, headers, document(page, style))
  }
}

export function redirect(response: ServerResponse, location: string): void {
  send(response, 303, { location, 'referrer-policy': 'no-referrer' }, '')
}

function document({ title, locale, content }: Page, style: string): string {
  const sheet: Html = { markup: `<style>${style}</style>` }
  return html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${sheet}
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

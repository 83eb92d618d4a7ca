import type { Request, Response } from 'express'
import { assets } from './assets.ts'
import { type Html, html, nothing } from './html.ts'

export interface Page {
  status?: number
  title: string
  lang: string
  dir?: 'ltr' | 'rtl'
  /** Paths of style sheets besides the base one. */
  styles?: readonly string[]
  scripts?: readonly string[]
  /** Marks the kind of page for the style sheet. */
  kind: string
  /** `isFallback`: only where no script does it. */
  refresh?: { seconds: number; to: string; isFallback?: boolean }
  body: Html
}

export interface Policy {
  /** Browsers apply form-action to the redirects after a form too, so wherever a form may end must be named. */
  formAction?: readonly string[]
  script?: boolean
  /** Of a script that shows frames of its own and calls its own server, where the page has one. */
  foreign?: { scriptSrc: readonly string[]; frameSrc: readonly string[]; connectSrc: readonly string[] } | undefined
  /** The page shows pages of ours inside itself. */
  frames?: boolean
  /** Sites that may show the page inside theirs. */
  frameAncestors?: readonly string[]
}

export const contentPolicy = ({
  formAction = [],
  script = false,
  foreign,
  frames = false,
  frameAncestors = [],
}: Policy = {}): string =>
  [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' https: data:",
    ...(script
      ? [
          `script-src ${["'self'", ...(foreign?.scriptSrc ?? [])].join(' ')}`,
          `connect-src ${["'self'", ...(foreign?.connectSrc ?? [])].join(' ')}`,
        ]
      : []),
    ...(frames || foreign
      ? [`frame-src ${[...(frames ? ["'self'"] : []), ...(foreign?.frameSrc ?? [])].join(' ')}`]
      : []),
    `form-action ${["'self'", ...formAction].join(' ')}`,
    "base-uri 'none'",
    `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(' ')}`,
  ].join('; ')

export const sendPage = (response: Response, page: Page, policy: Policy = {}): void => {
  response
    .status(page.status ?? 200)
    .set({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': contentPolicy(policy),
      'Referrer-Policy': 'no-referrer',
      'X-Robots-Tag': 'noindex',
      'X-Content-Type-Options': 'nosniff',
      // Wallets open windows of their own that answer the frame.
      'Cross-Origin-Opener-Policy': policy.foreign ? 'same-origin-allow-popups' : 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
      'Cache-Control': 'no-store',
    })
    .send(document(page).markup)
}

/** Where present, the browser's own word on whose form this is; a form of another site is refused. */
export const isForeignPost = (request: Request): boolean => {
  const site = request.get('sec-fetch-site')
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

const refreshing = ({ seconds, to, isFallback }: NonNullable<Page['refresh']>): Html => {
  const meta = html`<meta http-equiv="refresh" content="${seconds};url=${to}">`
  return isFallback ? html`<noscript>${meta}</noscript>` : meta
}

const document = ({
  title,
  lang,
  dir = 'ltr',
  styles = [],
  scripts = [],
  kind,
  refresh,
  body,
}: Page): Html => html`<!doctype html>
<html lang="${lang}" dir="${dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${refresh ? refreshing(refresh) : nothing}
<link rel="icon" href="${assets.icon.path}" type="image/svg+xml">
${[assets.base.path, ...styles].map((path) => html`<link rel="stylesheet" href="${path}">`)}
${scripts.map((path) => html`<script src="${path}" defer></script>`)}
</head>
<body class="${kind}">
${body}
</body>
</html>
`

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Response } from 'express'

export interface Asset {
  /** Path with the content's digest in it: a change gets a new name, so caches may keep it for ever. */
  path: string
  type: string
  body: string
}

const folder = new URL('../style/', import.meta.url)

const load = (name: string, type: string): Asset => {
  const body = readFileSync(new URL(name, folder), 'utf8')
  const digest = createHash('sha256').update(body).digest('hex').slice(0, 12)
  return { path: `/assets/${name.replace('.', `.${digest}.`)}`, type, body }
}

/** The few files that the pages consist of besides their HTML. */
export const assets = {
  base: load('base.css', 'text/css; charset=utf-8'),
  order: load('order.css', 'text/css; charset=utf-8'),
  orderScript: load('order.js', 'text/javascript; charset=utf-8'),
  handOverScript: load('hand-over.js', 'text/javascript; charset=utf-8'),
  elementScript: load('element.js', 'text/javascript; charset=utf-8'),
  miniAppScript: load('mini-app.js', 'text/javascript; charset=utf-8'),
  chat: load('chat.css', 'text/css; charset=utf-8'),
  chatScript: load('chat.js', 'text/javascript; charset=utf-8'),
  demo: load('demo.css', 'text/css; charset=utf-8'),
  docs: load('docs.css', 'text/css; charset=utf-8'),
  demoScript: load('demo.js', 'text/javascript; charset=utf-8'),
  icon: load('icon.svg', 'image/svg+xml'),
} satisfies Record<string, Asset>

export const sendAsset = (response: Response, { type, body }: Pick<Asset, 'type' | 'body'>): void => {
  response.set({ 'Content-Type': type, 'Cache-Control': 'public, max-age=31536000, immutable' }).send(body)
}

/** SVG can hold scripts: an image opened on its own gets no rights at all. */
export const imagePolicy = "default-src 'none'; style-src 'unsafe-inline'"

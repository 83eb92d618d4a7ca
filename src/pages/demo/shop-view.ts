import { showAmount } from '#pages/checkout/order.ts'
import { type Html, html } from '#pages/web/html.ts'
import { bouquets } from './bouquets.ts'
import type { Speech } from './chat-view.ts'

/** A shop's own page. The last line is all that the chat takes. */
export const shopView = (
  token: string,
  accent: string,
  { language, words }: Omit<Speech, 'texts'>,
): Html => html`<header class="bar">
<img class="logo" src="/demo/art/logo.svg" alt="" width="40" height="40"><h1 class="name">Blüte Flowers</h1><a class="switch shop-back" href="/demo" lang="en" dir="ltr">Back to the demo</a></header>
<main class="shop-page"><p>${words.window}</p>
<ul class="shop-window">${bouquets.map(
  ({ sku, name, price }) =>
    html`<li class="bouquet"><img src="/demo/art/${sku}.svg" alt="" width="160" height="100"><span class="bouquet-name">${name}</span><span class="bouquet-price"><bdi>${showAmount(BigInt(price), 'eur', language.tag)}</bdi></span></li>`,
)}</ul></main>
<script src="/chat/widget.js" data-token="${token}" data-accent="${accent}" data-label="${words.message}" defer></script>`

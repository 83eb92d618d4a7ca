import { draw, type Fragment } from '#pages/chat/fragment.ts'
import { type Html, html } from '#pages/web/html.ts'
import type { Speech } from './chat-view.ts'

/** The chat, and beside it what happens behind it. Lists carry their order, so that new pieces find their place. */
export const demoView = (fragments: readonly Fragment[], { language, words }: Speech): Html => html`<div class="app">
<main class="chat" id="chat">
<header class="bar"><img class="logo" src="/demo/art/logo.svg" alt="" width="40" height="40">
<div><h1 class="name">Blüte Flowers</h1><p class="via">${words.status}</p></div>
<a class="switch" href="#what" lang="en" dir="ltr">Under the hood</a></header>
<div class="scroller" tabindex="0" role="log" aria-label="Blüte Flowers"><ol class="messages" id="messages" data-order="up">
${draw(fragments, 'messages')}
</ol></div>
<form class="replies" id="replies" method="post" action="/demo/say" data-say>${draw(fragments, 'replies')}</form>
<form class="composer" method="post" action="/demo/say" data-say>
<input name="text" aria-label="${words.message}" placeholder="${words.message}" maxlength="500" autocomplete="off" required>
<button class="send" aria-label="${words.send}"><svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M12 19V5.5M5.5 12 12 5.5l6.5 6.5"/></svg></button>
</form>
<noscript><p class="reload"><a href="/demo">↻</a></p></noscript>
</main>
${panel(fragments, language.dir)}
</div>`

const panel = (
  fragments: readonly Fragment[],
  dir: 'ltr' | 'rtl',
): Html => html`<aside class="side" id="what" lang="en" dir="ltr">
<header class="bar"><div><h2 class="name">What just happened</h2><p class="via">Intents, webhooks and ledger entries, as they fall</p></div><a class="switch" href="#chat" data-dir="${dir}">Chat</a></header>
<div class="side-scroll" tabindex="0" role="region" aria-label="What just happened">
<div id="counts">${draw(fragments, 'counts')}</div>
<section class="shop"><h3>The shop’s side</h3><ul id="shop" data-order="up">${draw(fragments, 'shop')}</ul><p class="empty">No paid order yet.</p></section>
<section><h3>Line by line, newest first</h3><ol class="lines-log" id="lines" data-order="down">${draw(fragments, 'lines')}</ol>
<p class="empty">Say something in the chat. Every call, webhook and booking shows up here, with its JSON and its curl.</p></section>
<footer class="links"><a href="/docs">API reference</a><a href="/demo/shop">On a shop’s page</a><form method="post" action="/demo/forget"><button class="link">Start over</button></form></footer>
</div></aside>`

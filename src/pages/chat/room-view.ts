import { type Html, html, safeUrl } from '#pages/web/html.ts'
import type { ChatRoom } from './chat-service.ts'
import { draw, type Fragment } from './fragment.ts'
import type { ChatWords } from './message-view.ts'

/** The chat as a page: it fills a frame on somebody's site as well as a window of its own. */
export const roomView = (
  { merchant }: ChatRoom,
  fragments: readonly Fragment[],
  { texts }: ChatWords,
  { path, isRefused }: { path: string; isRefused: boolean },
): Html => {
  const { message, send, notSent, title } = texts.chat
  const { name, settings } = merchant
  return html`<main>
<header class="bar">${settings.logo_url ? html`<img class="logo" src="${safeUrl(settings.logo_url)}" alt="" width="40" height="40">` : html`<span class="logo" aria-hidden="true">${[...name][0]}</span>`}
<div><h1 class="name"><bdi>${name}</bdi></h1></div></header>
<div class="scroller" tabindex="0" role="log" aria-label="${title}"><ol class="messages" id="messages">
${draw(fragments, 'messages')}
</ol></div>
<form class="composer" method="post" action="${path}/messages" data-events="${path}/events">
<label class="unseen" for="text">${message}</label>
<input id="text" name="text" placeholder="${message}" maxlength="4096" autocomplete="off" required${isRefused ? html` aria-describedby="not-sent"` : ''}>
<button class="send" aria-label="${send}"><svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M12 19V5.5M5.5 12 12 5.5l6.5 6.5"/></svg></button>
</form>
<p class="reload" role="alert" id="not-sent"${isRefused ? '' : html` hidden`}>${notSent}</p>
<noscript><p class="reload"><a href="${path}">↻</a></p></noscript>
</main>`
}

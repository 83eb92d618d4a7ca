import { type Html, html } from '#pages/web/html.ts'
import { curlOf } from './api.ts'

/** An object of the API, as it is answered, in colours. */
export const jsonView = (
  path: string,
  body: unknown,
  publicUrl: string,
): Html => html`<main class="json-page" lang="en">
<p><a href="/demo#what">← Back to the demo</a></p>
<h1>GET ${path}</h1>
<pre class="curl-block" tabindex="0"><code>${curlOf(publicUrl, { method: 'GET', path })}</code></pre>
<pre class="json" tabindex="0"><code>${colour(JSON.stringify(body, null, 2))}</code></pre>
</main>`

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g

export const colour = (json: string): Html => {
  const parts: Html[] = []
  let end = 0
  for (const match of json.matchAll(token)) {
    const [whole, text, colon, word, number] = match
    parts.push(html`${json.slice(end, match.index)}`)
    if (text !== undefined && colon !== undefined) parts.push(html`<span class="j-key">${text}</span>${colon}`)
    else if (text !== undefined) parts.push(html`<span class="j-text">${text}</span>`)
    else parts.push(html`<span class="j-value">${word ?? number}</span>`)
    end = match.index + whole.length
  }
  return html`${[...parts, html`${json.slice(end)}`]}`
}

import { curlOf } from '#pages/web/curl.ts'
import { type Html, html } from '#pages/web/html.ts'
import { colour } from '#pages/web/json-colours.ts'

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

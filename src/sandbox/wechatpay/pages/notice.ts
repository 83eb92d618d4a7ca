import { html } from './html.ts'
import type { Page } from './page.ts'

/** One sentence, and the way on. */
export function noticePage(status: number, sentence: string, next: string | null): Page {
  const content = html`<div class="card">
<div class="head"><h1>WeChat Pay</h1><span class="mode">Simulated</span></div>
<p>${sentence}</p>
${next !== null && html`<a class="button quiet" href="${next}">Back to the shop</a>`}
</div>`
  return { status, title: 'WeChat Pay', locale: 'en', content, leadsTo: [next] }
}

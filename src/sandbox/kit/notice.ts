import { html } from './html.ts'
import type { Page } from './page.ts'

/** A page of one sentence, and the way on, in the words of the provider. */
export function createNotice({ title, mode, onward }: { title: string; mode: string; onward: string }) {
  return (status: number, sentence: string, next: string | null): Page => {
    const content = html`<div class="card">
<div class="head"><h1>${title}</h1><span class="mode">${mode}</span></div>
<p>${sentence}</p>
${next !== null && html`<a class="button quiet" href="${next}">${onward}</a>`}
</div>`
    return { status, title, locale: 'en', content, leadsTo: [next] }
  }
}

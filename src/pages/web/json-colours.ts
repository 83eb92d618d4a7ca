import { type Html, html } from './html.ts'

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g

/** JSON text with its keys, texts and values marked for the style sheet. */
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

import { type Html, html, safeUrl } from '#pages/web/html.ts'

/** The little Markdown that our own descriptions use: headings, paragraphs, lists, fences, code, emphasis, links. */
export const markdown = (text: string): Html => html`${blocksOf(text).map(block)}`

const blocksOf = (text: string): string[] => text.trim().split(/\n{2,}(?![^`]*\n```\s*(?:\n|$))/)

const block = (text: string): Html => {
  const [, fenced] = /^```\w*\n([\s\S]*?)\n```$/.exec(text.trim()) ?? []
  if (fenced !== undefined) return html`<pre tabindex="0"><code>${fenced}</code></pre>`
  const [, marks, heading] = /^(#{2,4}) (.+)$/.exec(text) ?? []
  if (heading !== undefined)
    return marks === '##' ? html`<h2 id="${slug(heading)}">${inline(heading)}</h2>` : html`<h3>${inline(heading)}</h3>`
  const lines = text.split('\n')
  if (lines.every((line) => /^(- | {2})/.test(line))) return list(lines)
  return html`<p>${inline(lines.join(' '))}</p>`
}

const list = (lines: readonly string[]): Html => {
  const items = lines.join('\n').split(/^- /m).slice(1)
  return html`<ul>${items.map((item) => html`<li>${inline(item.replaceAll(/\n\s*/g, ' ').trim())}</li>`)}</ul>`
}

const spans = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\(([^)\s]+)\)/g

export const inline = (text: string): Html => {
  const parts: Html[] = []
  let end = 0
  for (const match of text.matchAll(spans)) {
    const [whole, code, strong, emphasis, label, target] = match
    parts.push(html`${text.slice(end, match.index)}`)
    if (code !== undefined) parts.push(html`<code>${code}</code>`)
    else if (strong !== undefined) parts.push(html`<strong>${strong}</strong>`)
    else if (emphasis !== undefined) parts.push(html`<em>${emphasis}</em>`)
    else parts.push(html`<a href="${safeUrl(target ?? '')}">${label}</a>`)
    end = match.index + whole.length
  }
  return html`${[...parts, html`${text.slice(end)}`]}`
}

export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

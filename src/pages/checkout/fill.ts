import { type Html, html } from '#pages/web/html.ts'

type Values = Partial<Record<'merchant' | 'amount' | 'channel' | 'when' | 'method', string>>

/** Puts names and amounts into a sentence. Each is isolated, so that its direction never disturbs the sentence's. */
export const fill = (text: string, values: Values): Html => {
  const parts = text.split(/\{(\w+)\}/)
  return html`${parts.map((part, index) => (index % 2 === 0 ? html`${part}` : html`<bdi>${values[part as keyof Values] ?? ''}</bdi>`))}`
}

/** The same as plain text, for titles and labels. */
export const fillText = (text: string, values: Values): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name as keyof Values] ?? '')

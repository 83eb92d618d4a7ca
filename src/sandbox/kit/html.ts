/** Markup that is already safe. Everything else that is put into a template is escaped. */
export type Html = { readonly markup: string }

export function html(
  strings: TemplateStringsArray,
  ...values: (Html | Html[] | string | number | null | false)[]
): Html {
  let markup = strings[0] ?? ''
  for (const [index, value] of values.entries()) markup += render(value) + (strings[index + 1] ?? '')
  return { markup }
}

function render(value: Html | Html[] | string | number | null | false): string {
  if (value === null || value === false) return ''
  if (Array.isArray(value)) return value.map(({ markup }) => markup).join('')
  if (typeof value === 'object') return value.markup
  return String(value).replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign)
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Markup that is safe as it stands. Whatever else is put into a template is escaped. */
export interface Html {
  readonly markup: string
}

type Value = Html | readonly Html[] | string | number | bigint | null | undefined | false

/**
 * Template tag for HTML. Attribute values must stand in double quotes; scripts and styles are never inlined, so text
 * and quoted attributes are the only places a value can end up in.
 */
export const html = (strings: TemplateStringsArray, ...values: Value[]): Html => {
  let markup = strings[0] ?? ''
  for (const [index, value] of values.entries()) markup += render(value) + (strings[index + 1] ?? '')
  return { markup }
}

export const nothing: Html = { markup: '' }

/** An address for href, src or action: only http, https, mailto, tel and paths of ours; anything else leads nowhere. */
export const safeUrl = (url: string): string => (/^(https?:\/\/|mailto:|tel:|\/(?![/\\])|#|\?)/i.test(url) ? url : '#')

const render = (value: Value): string => {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'object') return isList(value) ? value.map(({ markup }) => markup).join('') : value.markup
  return String(value).replace(/[&<>"'`]/g, (sign) => escapes[sign] ?? sign)
}

// Array.isArray does not narrow a readonly array.
const isList = (value: Html | readonly Html[]): value is readonly Html[] => Array.isArray(value)

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

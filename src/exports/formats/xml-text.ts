/**
 * Text inside an XML 1.0 element (not an attribute: quotes stay, which readers of SGML want): what XML cannot hold is left out, then at most `charactersMax` characters are
 * kept.
 */
export const xmlText = (text: string, charactersMax = Number.POSITIVE_INFINITY): string => {
  const valid = plain.test(text) ? text : text.toWellFormed().replaceAll(notXml, '')
  const short = valid.length <= charactersMax ? valid : [...valid].slice(0, charactersMax).join('')
  return special.test(short) ? short.replaceAll(specials, (char) => entities[char] ?? char) : short
}

const plain = /^[\x20-\x7e]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what XML 1.0 forbids
const notXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g
const special = /[&<>\r]/
const specials = /[&<>\r]/g
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#13;',
}

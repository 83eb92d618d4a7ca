/** How the text of a journal is handed to a format: as JavaScript has it, or in UTF-8 with a letter for each byte. */
export type TextForm = 'decoded' | 'bytes'

/** Reads fields of PostgreSQL's COPY text format, given with a letter for each byte. */
export interface TextReader {
  read(field: string): string
  /** The same without line breaks, tabs and other control characters. */
  oneLine(text: string): string
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const unescapeField = (text: string): string =>
  text.includes('\\') ? text.replaceAll(/\\(.)/g, (_all, letter: string) => escapes[letter] ?? letter) : text

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const beyondAscii = /[\u0080-\u00ff]/
const decode = (text: string): string => (beyondAscii.test(text) ? utf8.decode(Buffer.from(text, 'latin1')) : text)

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/
const oneLine = (text: string): string => (control.test(text) ? text.replaceAll(new RegExp(control, 'g'), ' ') : text)

// The same, byte for byte: what is beyond ASCII begins with C2 or E2 80, which nothing else does.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controlBytes = /[\u0000-\u001f\u007f]|\u00c2[\u0080-\u009f]|\u00e2\u0080[\u00a8\u00a9]/
const oneLineOfBytes = (text: string): string =>
  controlBytes.test(text) ? Buffer.from(oneLine(decode(text)), 'utf8').toString('latin1') : text

/** What is only passed on stays as it came: to decode and encode it took a tenth of the time of a CSV. */
export const textReaders: Readonly<Record<TextForm, TextReader>> = {
  decoded: { read: (field) => unescapeField(decode(field)), oneLine },
  bytes: { read: unescapeField, oneLine: oneLineOfBytes },
}

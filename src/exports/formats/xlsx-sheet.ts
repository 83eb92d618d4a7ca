import { xmlText } from './xml-text.ts'

/** Places in `cellXfs`, of amounts by the digits of their currency. */
const amountStyles = [2, 3, 4, 5] as const
const headStyle = 1

export const styles =
  '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
  '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' +
  '<numFmts count="2"><numFmt numFmtId="164" formatCode="#,##0.000"/><numFmt numFmtId="165" formatCode="#,##0.0"/></numFmts>' +
  '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>' +
  '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
  '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="6">' +
  '<xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/>' +
  [3, 165, 4, 164].map((format) => `<xf xfId="0" numFmtId="${format}" applyNumberFormat="1"/>`).join('') +
  '</cellXfs></styleSheet>'

/** XML before the first row: the first row stays in sight. */
export const sheetHead = (widths: readonly number[]): string =>
  '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
  '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">' +
  '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>' +
  widths.map((width, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`).join('') +
  '</cols><sheetData>\n'

export const sheetTail = '</sheetData></worksheet>'

/** Rows and cells carry their address (`r`): Gnumeric loses cells that do not. An empty cell is an empty string. */
export const sheetRow = (number: number, cells: readonly string[]): string => {
  let xml = `<row r="${number}">`
  for (let at = 0; at < cells.length; at++) {
    if (cells[at] !== '') xml += `<c r="${letters[at]}${number}"${cells[at]}`
  }
  return `${xml}</row>\n`
}

export const headRow = (names: readonly string[]): string =>
  sheetRow(
    1,
    names.map((name) => textCell(name, headStyle)),
  )

/** A cell without its address. */
export const textCell = (text: string, style = 0): string => {
  if (text === '') return ''
  const space = text.startsWith(' ') || text.endsWith(' ') ? ' xml:space="preserve"' : ''
  // What looks like one of the format's own escapes is escaped.
  const plain = text.includes('_x') ? text.replaceAll(/_(?=x[\dA-Fa-f]{4}_)/g, '_x005F_') : text
  return `${style === 0 ? '' : ` s="${style}"`} t="inlineStr"><is><t${space}>${xmlText(plain)}</t></is></c>`
}

/**
 * A number as decimal digits, shown with the digits of its currency or, without `digits`, as it stands. Spreadsheets
 * compute in binary floating point, which holds fifteen digits: what has more stays text.
 */
export const numberCell = (number: string, digits?: number): string => {
  if (number.length > 16) return textCell(number)
  return `${digits === undefined ? '' : ` s="${amountStyles[digits]}"`}><v>${number}</v></c>`
}

const letters = Array.from({ length: 26 * 27 }, (_, at) => {
  const last = String.fromCharCode(65 + (at % 26))
  return at < 26 ? last : String.fromCharCode(64 + (at - (at % 26)) / 26) + last
})

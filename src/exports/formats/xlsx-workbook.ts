import { styles } from './xlsx-sheet.ts'

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const packages = 'http://schemas.openxmlformats.org/package/2006'
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

export const sheetPath = (number: number): string => `xl/worksheets/sheet${number}.xml`

/** All parts of the file but the sheets, which are `sheet1.xml` … in the order of their names. ECMA-376, part 1. */
export const workbookParts = (sheets: readonly string[]): readonly (readonly [path: string, xml: string])[] => [
  [
    '[Content_Types].xml',
    `${declaration}<Types xmlns="${packages}/content-types">` +
      `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/>` +
      `<Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/>` +
      sheets
        .map((_, at) => `<Override PartName="/${sheetPath(at + 1)}" ContentType="${type}.worksheet+xml"/>`)
        .join('') +
      '</Types>',
  ],
  ['_rels/.rels', relationships([[`${relations}/officeDocument`, 'xl/workbook.xml']])],
  [
    'xl/workbook.xml',
    `${declaration}<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>` +
      sheets.map((name, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`).join('') +
      '</sheets></workbook>',
  ],
  [
    'xl/_rels/workbook.xml.rels',
    relationships([
      ...sheets.map((_, at) => [`${relations}/worksheet`, sheetPath(at + 1).slice('xl/'.length)] as const),
      [`${relations}/styles`, 'styles.xml'],
    ]),
  ],
  ['xl/styles.xml', styles],
]

const relationships = (targets: readonly (readonly [kind: string, target: string])[]): string =>
  `${declaration}<Relationships xmlns="${packages}/relationships">${targets
    .map(([kind, target], at) => `<Relationship Id="rId${at + 1}" Type="${kind}" Target="${target}"/>`)
    .join('')}</Relationships>`

import type { ExportFormat } from './format.ts'
import { csv } from './formats/csv.ts'
import { jsonLines } from './formats/jsonl.ts'

/** Every format by the name that the API takes. */
export const exportFormats = {
  csv,
  jsonl: jsonLines,
} as const satisfies Record<string, ExportFormat>

export type FormatName = keyof typeof exportFormats

/** Other names of formats. */
export const formatAliases: Readonly<Record<string, string>> = { ledger: 'hledger' }

/** The format of this name, or undefined. */
export const findFormat = (name: string): ExportFormat | undefined => {
  const formats: Readonly<Record<string, ExportFormat>> = exportFormats
  const wanted = formatAliases[name] ?? name
  return Object.hasOwn(formats, wanted) ? formats[wanted] : undefined
}

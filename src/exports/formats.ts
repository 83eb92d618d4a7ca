import type { ExportFormat } from './format.ts'
import { beancount } from './formats/beancount.ts'
import { camt05302, camt05308 } from './formats/camt.ts'
import { csv } from './formats/csv.ts'
import { datev } from './formats/datev.ts'
import { fec } from './formats/fec.ts'
import { hledger } from './formats/hledger.ts'
import { jsonLines } from './formats/jsonl.ts'
import { ofx } from './formats/ofx.ts'
import { parquet } from './formats/parquet.ts'
import { quickbooks } from './formats/quickbooks.ts'
import { sage } from './formats/sage.ts'
import { xero } from './formats/xero.ts'
import { xlsx } from './formats/xlsx.ts'

/** Every format by the name that the API takes. */
export const exportFormats = {
  csv,
  jsonl: jsonLines,
  parquet,
  xlsx,
  hledger,
  beancount,
  'camt.053.001.08': camt05308,
  'camt.053.001.02': camt05302,
  ofx,
  fec,
  datev,
  quickbooks,
  xero,
  sage,
} as const satisfies Record<string, ExportFormat>

export type FormatName = keyof typeof exportFormats

/** Other names of formats. */
export const formatAliases: Readonly<Record<string, string>> = { ledger: 'hledger', 'camt.053': 'camt.053.001.08' }

/** The format of this name, or undefined. */
export const findFormat = (name: string): ExportFormat | undefined => {
  const formats: Readonly<Record<string, ExportFormat>> = exportFormats
  const wanted = formatAliases[name] ?? name
  return Object.hasOwn(formats, wanted) ? formats[wanted] : undefined
}

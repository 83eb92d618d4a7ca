import type { ExportContext, ExportOptions } from './format.ts'

/** All that the bytes of an export depend on besides the sealed rows, as it was when the export was created. */
export interface ExportSpec {
  readonly format: string
  readonly compression: 'none' | 'gzip' | 'zstd'
  readonly merchant: { readonly id: string; readonly name: string }
  readonly baseCurrency: string
  /** Of the seal at the end of the range. */
  readonly headHash: string
  readonly filter: JournalFilter
  readonly options: ExportOptions
  /** The merchant's own codes and names by the chart's code. */
  readonly mapping: Readonly<Record<string, { readonly code: string; readonly name: string }>>
  /** Seals per part. */
  readonly partSeqs: number
}

/** Which lines; null is no limit. Moments are ISO 8601, accounts UUIDs. */
export interface JournalFilter {
  readonly from: string | null
  readonly before: string | null
  /** The same as days, both inclusive. */
  readonly fromDay: string | null
  readonly toDay: string | null
  readonly accountIds: readonly string[] | null
  /** Accounts whose lines are left out. */
  readonly exceptIds: readonly string[] | null
  readonly currency: string | null
  readonly kind: string | null
  readonly threadId: string | null
}

/** Seals in (fromSeq, asOfSeq]. */
export interface SeqRange {
  readonly fromSeq: bigint
  readonly asOfSeq: bigint
}

export const toContext = (
  spec: ExportSpec,
  range: SeqRange,
  bounds: Pick<ExportContext, 'days' | 'opening' | 'closing'>,
): ExportContext => ({
  merchant: spec.merchant,
  baseCurrency: spec.baseCurrency,
  ...range,
  headHash: spec.headHash,
  from: spec.filter.fromDay,
  to: spec.filter.toDay,
  isNarrowed: [spec.filter.kind, spec.filter.threadId, spec.filter.accountIds, spec.filter.currency].some(Boolean),
  options: spec.options,
  mapped: ({ code, name }) => spec.mapping[code] ?? { code, name },
  ...bounds,
})

/** Part `number` of the range, from 1. A range without seals has one part without lines. */
export const partOf = (range: SeqRange, partSeqs: number, number: number): SeqRange => {
  const size = BigInt(partSeqs)
  const fromSeq = range.fromSeq + size * BigInt(number - 1)
  const end = fromSeq + size
  return { fromSeq, asOfSeq: end < range.asOfSeq ? end : range.asOfSeq }
}

export const countParts = ({ fromSeq, asOfSeq }: SeqRange, partSeqs: number): number => {
  const size = BigInt(partSeqs)
  const count = (asOfSeq - fromSeq + size - 1n) / size
  return count === 0n ? 1 : Number(count) // exact: a number of parts, far below 2^53
}

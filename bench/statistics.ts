export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** `1,234 (1,100–1,300)`: the median of the rounds and between which values they lay. */
export const spread = (values: readonly number[], digits = 0): string => {
  const show = (value: number) => format(value, digits)
  return values.length < 2
    ? show(median(values))
    : `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`
}

/** The cells of a table row: throughput and latencies over all rounds. */
export const speeds = (rounds: readonly { perSecond: number; p50: number; p99: number }[]): string[] => {
  const over = (name: 'perSecond' | 'p50' | 'p99', digits: number) =>
    spread(
      rounds.map((round) => round[name]),
      digits,
    )
  return [over('perSecond', 0), over('p50', 1), over('p99', 1)]
}

export const format = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** Markdown, so that a run can be kept in docs/performance.md as it is printed. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}

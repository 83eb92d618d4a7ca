const BOM = '\uFEFF'

/**
 * A bill as WeChat Pay writes it: a BOM, CRLF, a backtick before every value, so that a comma in a name is no border,
 * then, at home, a second header and one row of sums. The layout is that of the published sample (wechatpay-php,
 * bill.ALL.csv).
 */
export function billText(
  columns: readonly string[],
  rows: string[][],
  sums: readonly string[] = [],
  sum: string[] = [],
): string {
  const totals = sums.length === 0 ? [] : [sums.join(','), line(sum)]
  const lines = [columns.join(','), ...rows.map(line), ...totals]
  return `${BOM}${lines.join('\r\n')}\r\n`
}

/** A line break in a name would tear the row apart. */
const line = (values: string[]) => values.map((value) => `\`${value.replace(/[\r\n`]/g, ' ')}`).join(',')

/** Bytes `from` to `to`, the latter exclusive. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/**
 * What of `size` bytes a Range header asks for (RFC 9110 §14): one range; several, or another unit, may be ignored and
 * then mean all of it. `unsatisfiable` where it begins behind the end.
 */
export const parseRange = (header: string | undefined, size: number): ByteRange | 'all' | 'unsatisfiable' => {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return 'all'
  if (first === '') {
    const count = Number(last) // exact: at most 15 digits
    return count === 0 || size === 0 ? 'unsatisfiable' : { from: Math.max(0, size - count), to: size } // exact: integers
  }
  const from = Number(first) // exact: at most 15 digits
  const end = last === '' ? size : Number(last) + 1 // exact: at most 15 digits
  if (last !== '' && end <= from) return 'all'
  return from >= size ? 'unsatisfiable' : { from, to: Math.min(end, size) } // exact: integers
}

/** The pieces of a range in parts of these sizes, in order; none is empty. */
export const slicesOf = (sizes: readonly number[], { from, to }: ByteRange): (ByteRange & { number: number })[] => {
  let start = 0
  return sizes.flatMap((size, index) => {
    const slice = {
      number: index + 1,
      from: from > start ? from - start : 0,
      to: to < start + size ? to - start : size,
    }
    start += size
    return slice.from < slice.to ? [slice] : []
  })
}

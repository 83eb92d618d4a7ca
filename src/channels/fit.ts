/** How a platform counts the length of a text. */
export type Count = 'units' | 'points' | 'graphemes' | 'bytes'

/** Brings texts and lists within a platform's limits and keeps account of what it cut (`Rendered.warnings`). */
export interface Fitter {
  readonly warnings: readonly string[]
  /** At most `max`, with an ellipsis where something was cut: "title: 80 characters, shortened". */
  text(name: string, text: string, max: number, count?: Count): string
  /** The first `max`: "buttons: 3, 1 left out". */
  list<T>(name: string, items: readonly T[], max: number): readonly T[]
  /** For what an adapter does by a rule of its own. */
  warn(warning: string): void
}

export const createFitter = (): Fitter => {
  const warnings: string[] = []
  const warn = (warning: string): void => {
    if (!warnings.includes(warning)) warnings.push(warning)
  }
  return {
    warnings,
    warn,
    text: (name, text, max, count = 'units') => {
      const clipped = clip(text, max, count)
      if (clipped !== text) warn(`${name}: ${max} ${count === 'bytes' ? 'bytes' : 'characters'}, shortened`)
      return clipped
    },
    list: (name, items, max) => {
      if (items.length > max) warn(`${name}: ${max}, ${items.length - max} left out`)
      return items.slice(0, max)
    },
  }
}

/**
 * At most `max` of what the platform counts, cut between graphemes: no half emoji, no letter without its accent. UTF-16
 * units unless told otherwise: where a platform says "characters" and no more, what fits in units fits in any count.
 */
export const clip = (text: string, max: number, count: Count = 'units'): string => {
  const whole = text.toWellFormed()
  if (fits(whole, max, count)) return whole
  const room = max - measures[count](ellipsis)
  if (room < 0) return ''
  return `${take(graphemes(whole), room, count).trimEnd()}${ellipsis}`
}

/** Length as the platform counts it. */
export const lengthOf = (text: string, count: Count = 'units'): number => measures[count](text)

const ellipsis = '…'
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

const measures: Readonly<Record<Count, (text: string) => number>> = {
  units: (text) => text.length,
  points: (text) => [...text].length,
  graphemes: (text) => [...segmenter.segment(text)].length,
  bytes: (text) => Buffer.byteLength(text),
}

const fits = (text: string, max: number, count: Count): boolean =>
  // No count is above three bytes a unit: most texts need no counting at all.
  text.length * (count === 'bytes' ? 3 : 1) <= max || measures[count](text) <= max

function* graphemes(text: string): Generator<string> {
  for (const { segment } of segmenter.segment(text)) yield segment
}

const take = (parts: Iterable<string>, room: number, count: Count): string => {
  let taken = ''
  let left = room
  for (const part of parts) {
    left -= count === 'graphemes' ? 1 : measures[count](part)
    if (left < 0) break
    taken += part
  }
  return taken
}

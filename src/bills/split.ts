import { allocate } from '#kernel/money.ts'

export type SplitMode = 'equal' | 'shares' | 'items'

/** An order line as the split sees it. `amount` is of the whole line, `between` are positions of participants. */
export interface SplitLine {
  readonly amount: bigint
  readonly between: readonly number[]
}

/** What a bill asks of one participant; `tax` and `tip` are parts of `amount`. Minor units. */
export interface Part {
  readonly amount: bigint
  readonly tax: bigint
  readonly tip: bigint
}

/**
 * What each participant's part weighs. A line that several share weighs the same for each of them; over a common
 * denominator nothing is rounded line by line, so three lines of 1.00 among three are 1.00 each.
 */
export const splitWeights = (
  split: SplitMode,
  weights: readonly (number | undefined)[],
  lines: readonly SplitLine[],
): bigint[] => {
  if (split === 'equal') return weights.map(() => 1n)
  if (split === 'shares') return weights.map((weight) => BigInt(weight ?? 0))
  const common = lines.reduce((product, { between }) => leastCommonMultiple(product, BigInt(between.length)), 1n)
  const sums = weights.map(() => 0n)
  for (const { amount, between } of lines) {
    const each = amount * (common / BigInt(between.length))
    for (const position of between) sums[position] = (sums[position] ?? 0n) + each
  }
  return sums
}

/**
 * The parts of a total, which add up to it exactly, as do their taxes and tips: each part is rounded down and the units
 * left over go to the largest remainders, ties to those named first. Weights must be positive in sum, and
 * `tax + tip ≤ amount`.
 */
export const splitTotal = ({ amount, tax, tip }: Part, weights: readonly bigint[]): Part[] => {
  const amounts = allocate(amount, weights)
  const taxes = allocate(tax, amounts)
  // A tip falls on what tax leaves of each part, so that both together never exceed it.
  const rests = amounts.map((whole, index) => whole - (taxes[index] ?? 0n))
  const tips = tip === 0n ? rests.map(() => 0n) : allocate(tip, rests)
  return amounts.map((whole, index) => ({ amount: whole, tax: taxes[index] ?? 0n, tip: tips[index] ?? 0n }))
}

/** An amount to be given back, in proportion to what is left of each; never more than that. */
export const splitRefund = (amount: bigint, left: readonly bigint[]): bigint[] => allocate(amount, left)

const leastCommonMultiple = (a: bigint, b: bigint): bigint => (a / greatestCommonDivisor(a, b)) * b

const greatestCommonDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : greatestCommonDivisor(b, a % b))

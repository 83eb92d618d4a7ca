/** Percentages as people write them ("19", "8.875"), in ten-thousandths of a percent: exact, no floats. */
const perPercent = 10_000n
const whole = 100n * perPercent

/** "8.875" → 88750n. The text has been checked: up to three digits, up to four decimals. */
export const parseRate = (text: string): bigint => {
  const [units = '0', decimals = ''] = text.split('.')
  return BigInt(units) * perPercent + BigInt(decimals.padEnd(4, '0'))
}

/** The percentage of an amount, halves up. */
export const shareOf = (amount: bigint, rate: bigint): bigint => divRound(amount * rate, whole)

/** What of an amount is the tax that it contains: 119 at 19 % → 19. Halves up. */
export const containedIn = (amount: bigint, rate: bigint): bigint => divRound(amount * rate, whole + rate)

const divRound = (dividend: bigint, divisor: bigint): bigint => (dividend * 2n + divisor) / (divisor * 2n)

import type { AccountCode } from './chart.ts'
import { type Leg, type MoneyEvent, type Occurrence, oneLine, type Posting, posting, postingOfLegs } from './posting.ts'

/**
 * A correction by hand, which two people answer for; `adjustmentRef` is their proposal. Any legs that add up in every
 * currency; a RangeError says which does not.
 */
export const postAdjusted = (
  event: Occurrence & { adjustmentRef: string; legs: readonly Leg[] },
): Posting | undefined => {
  const { adjustmentRef: ref, legs } = event
  return postingOfLegs(event, { ref, kind: 'adjustment', description: `Adjustment ${ref}` }, legs)
}

/**
 * The unit that a conversion or an allocation leaves on an account: a loss (`amount` > 0) is Dr 5390 / Cr that account,
 * a gain the opposite.
 */
export const postRounded = (
  event: MoneyEvent & { roundingRef: string; amount: bigint; code: AccountCode; holder?: string },
): Posting | undefined => {
  const { roundingRef: ref, amount, code, holder } = event
  return posting(event, { ref, kind: 'rounding', description: `Rounding ${ref}` }, [
    ['5390', amount],
    [code, -amount, holder],
  ])
}

/**
 * Takes a transaction (`reverses`, its UUID) back whole: every leg negated, also in its value, so that nothing of it is
 * left in either currency. Its key admits one reversal per original; a reversal's own reversal has its own key.
 */
export const reversePosting = (
  original: Pick<Posting, 'eventKey' | 'legs' | 'refs'>,
  reversal: { readonly reverses: string; readonly effectiveAt: Date; readonly description?: string },
): Posting => ({
  eventKey: `${original.eventKey}:reversal`,
  kind: 'reversal',
  description: oneLine(reversal.description ?? `Reversal of ${original.eventKey}`),
  effectiveAt: reversal.effectiveAt,
  reverses: reversal.reverses,
  refs: original.refs ?? {},
  legs: original.legs.map(negated),
})

const negated = (leg: Leg): Leg => ({
  ...leg,
  amount: -leg.amount,
  ...(leg.baseAmount === undefined ? {} : { baseAmount: -leg.baseAmount }),
})

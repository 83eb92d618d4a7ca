/**
 * Domain, family and sub-family of an entry (ISO 20022 external bank transaction codes) as `[money in, money out]`.
 * They are what tools sort by at most; the kind itself stands beside them as the proprietary code.
 */
export const bankTransactionCode = (kind: string, isCredit: boolean): readonly [string, string, string] => {
  const [credit, debit] = codes[kind] ?? other
  const [domain = '', family = '', subFamily = ''] = (isCredit ? credit : debit).split('/')
  return [domain, family, subFamily]
}

type Codes = readonly [credit: string, debit: string]

const other: Codes = ['PMNT/RCDT/OTHR', 'PMNT/ICDT/OTHR']
const card: Codes = ['PMNT/MCRD/POSC', 'PMNT/MCRD/DAJT']
const charges: Codes = ['PMNT/MCRD/CHRG', 'PMNT/MCRD/CHRG']
const correction: Codes = ['PMNT/MCRD/CAJT', 'PMNT/MCRD/DAJT']
const dispute: Codes = ['PMNT/MCRD/CAJT', 'PMNT/MCRD/UPCT']
const book: Codes = ['PMNT/RCDT/BOOK', 'PMNT/ICDT/BOOK']
const payout: Codes = ['PMNT/RCDT/DMCT', 'PMNT/ICDT/DMCT']
const exchange: Codes = ['FORX/SPOT/OTHR', 'FORX/SPOT/OTHR']
const adjustment: Codes = ['ACMT/MCOP/ADJT', 'ACMT/MDOP/ADJT']

const codes: Readonly<Record<string, Codes>> = {
  capture: card,
  fee: charges,
  refund: correction,
  refund_failure: correction,
  dispute,
  dispute_lost: dispute,
  dispute_reversal: dispute,
  dispute_fee_reversal: charges,
  settle: book,
  payout,
  payout_failure: payout,
  payout_paid: payout,
  payout_fee: charges,
  fx_settle: exchange,
  fx_translate: exchange,
  fx_gain: exchange,
  fx_loss: exchange,
  adjustment,
  reversal: adjustment,
}

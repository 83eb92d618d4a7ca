import type { ExportContext } from '#exports/format.ts'

/**
 * Why a file in the base currency alone cannot be written: money in a currency that had no exchange rate when it was
 * booked has no value there, and would be missing from the books without a word.
 */
export const refuseUnvalued = ({ baseCurrency, closing }: ExportContext): string | undefined => {
  const valued = new Map<string, boolean>()
  for (const { account, debit, credit, base } of closing) {
    if (account.type === 'memo' || account.currency === baseCurrency || debit === credit) continue
    valued.set(account.currency, valued.get(account.currency) === true || base !== 0n)
  }
  const unvalued = [...valued].find(([, isValued]) => !isValued)?.[0].toUpperCase()
  const base = baseCurrency.toUpperCase()
  return unvalued && `no exchange rate was known for what is booked in ${unvalued}: export the currency ${base} alone`
}

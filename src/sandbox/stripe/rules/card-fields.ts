/** What a person typed into a card form. Numbers live only as long as the request that carries them. */
export type CardFields = { number: string; expMonth: number; expYear: number; cvc: string | null }
export type CardFault = {
  code: 'incorrect_number' | 'invalid_expiry_month' | 'invalid_expiry_year' | 'invalid_cvc'
  field: 'number' | 'exp' | 'cvc'
  message: string
}

export function readNumber(text: string): string {
  return text.replace(/[\s-]/g, '')
}

/** `12/34`, `12 / 2034`, `1234`: browsers and people write all of them. */
export function readExpiry(text: string): { month: number; year: number } | null {
  const match = /^(\d{1,2})\s*[/.-]?\s*(\d{2}|\d{4})$/.exec(text.trim())
  if (!match) return null
  const year = Number(match[2])
  return { month: Number(match[1]), year: year < 100 ? 2000 + year : year }
}

export function findCardFault(card: CardFields, nowMs: number): CardFault | null {
  if (!/^\d{12,19}$/.test(card.number) || !hasValidLuhn(card.number)) {
    return { code: 'incorrect_number', field: 'number', message: 'Your card number is incorrect.' }
  }
  if (!(card.expMonth >= 1 && card.expMonth <= 12)) {
    return { code: 'invalid_expiry_month', field: 'exp', message: "Your card's expiration month is invalid." }
  }
  const now = new Date(nowMs)
  const monthsLeft = (card.expYear - now.getUTCFullYear()) * 12 + card.expMonth - (now.getUTCMonth() + 1)
  if (!(monthsLeft >= 0 && card.expYear <= now.getUTCFullYear() + 50)) {
    return { code: 'invalid_expiry_year', field: 'exp', message: "Your card's expiration year is invalid." }
  }
  const cvcLength = /^3[47]/.test(card.number) ? /^\d{3,4}$/ : /^\d{3}$/
  if (card.cvc !== null && !cvcLength.test(card.cvc)) {
    return { code: 'invalid_cvc', field: 'cvc', message: "Your card's security code is invalid." }
  }
  return null
}

function hasValidLuhn(number: string): boolean {
  let sum = 0
  for (const [index, digit] of [...number].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1)
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

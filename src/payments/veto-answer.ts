/** What the merchant's endpoint may say: only these two members are read of its body. */
export type VetoAnswer = { readonly approved: true } | { readonly approved: false; readonly message: string | null }

const messageMax = 200

/** Reads the body of a 2xx answer; undefined for anything that is no answer. */
export const readVetoAnswer = (body: string): VetoAnswer | undefined => {
  const answer = parse(body)
  if (typeof answer !== 'object' || answer === null || !('approved' in answer)) return undefined
  if (answer.approved === true) return { approved: true }
  if (answer.approved !== false) return undefined
  const message = 'message' in answer && typeof answer.message === 'string' ? plain(answer.message) : ''
  return { approved: false, message: message === '' ? null : message }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One line of plain text: it is shown to payers, in chats and on pages. Nothing invisible, nothing that turns direction. */
const plain = (text: string): string => {
  const line = text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, '')
    .trim()
  const letters = [...line]
  return letters.length <= messageMax ? line : `${letters.slice(0, messageMax - 1).join('')}…`
}

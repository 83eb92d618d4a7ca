import { canonicalText, chainStart, type SealedEntry, type SealedTransaction } from './canonical.ts'

/** Something that is not as it was sealed. */
export interface Finding {
  readonly seq: bigint
  /** `ltx_…`; null where the finding is about a seal, a balance or a checkpoint. */
  readonly transaction: string | null
  readonly message: string
}

/** How far a chain was followed. `hash` is hexadecimal, undefined where the file begins without it. */
export interface Link {
  readonly seq: bigint
  readonly hash: string | undefined
}

export const firstLink: Link = { seq: 0n, hash: hexOf(chainStart) }

type Digest = (...parts: readonly (string | Uint8Array)[]) => Buffer

/**
 * Compares a transaction with its seal. `previous` is the link before it; the next is made of the stored hash, so that
 * a changed transaction is found once and all after it are judged by themselves.
 */
export const checkSealed = (
  previous: Link,
  sealed: SealedTransaction & { readonly hash: string },
  sha256: Digest,
): Finding[] => {
  const { seq, id: transaction, hash, entries } = sealed
  const find = (message: string): Finding => ({ seq, transaction, message })
  const findings: Finding[] = []
  if (seq !== previous.seq + 1n) {
    const missing = seq - previous.seq - 1n
    const which = missing === 1n ? `seal ${seq - 1n} is` : `seals ${previous.seq + 1n} to ${seq - 1n} are`
    findings.push(find(missing > 0n ? `${which} missing before seal ${seq}` : `seal ${seq} is there twice`))
  } else if (previous.hash !== undefined) {
    const digest = sha256(Buffer.from(previous.hash, 'hex'), canonicalText(sealed)).toString('hex')
    if (digest !== hash)
      findings.push(find(`seal ${seq} does not fit: ${transaction} or one of its entries was changed`))
  }
  return [...findings, ...unbalanced(entries).map((rest) => find(`${transaction} is unbalanced by ${rest}`))]
}

const unbalanced = (entries: readonly SealedEntry[]): string[] => {
  const sums = new Map<string, bigint>()
  const add = (key: string, amount: bigint): void => void sums.set(key, (sums.get(key) ?? 0n) + amount)
  for (const { currency, amount, baseAmount } of entries) {
    add(currency, amount)
    add('in the base currency', baseAmount)
  }
  return [...sums].filter(([, sum]) => sum !== 0n).map(([what, sum]) => `${sum} ${what}`)
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

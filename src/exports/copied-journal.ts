import type { TextReader } from './copied-text.ts'
import type { JournalAccount, JournalLine, JournalTransaction } from './journal.ts'

/** A line as COPY sent it: amounts become numbers where they are asked for, as most formats write digits. */
export class CopiedLine implements JournalLine {
  readonly transaction: JournalTransaction
  readonly line: number
  readonly account: JournalAccount
  readonly digits: string
  readonly baseDigits: string

  constructor(transaction: JournalTransaction, line: number, account: JournalAccount, digits: string, base: string) {
    this.transaction = transaction
    this.line = line
    this.account = account
    this.digits = digits
    this.baseDigits = base
  }

  get amount(): bigint {
    return BigInt(this.digits)
  }

  get baseAmount(): bigint {
    return BigInt(this.baseDigits)
  }
}

/** What lines of a transaction share, as COPY sent it: a field is read where it is asked for. */
export class CopiedTransaction implements JournalTransaction {
  readonly number: string
  /** From `transaction_id` on, in the order of `journalFields`. */
  readonly fields: readonly string[]
  readonly #text: TextReader
  #written: string | undefined
  #refs: Readonly<Record<string, string>> | undefined

  constructor(number: string, fields: readonly string[], text: TextReader) {
    if (fields[0] === absent || fields.length !== 15 || fields[14] === absent)
      throw new Error(`the journal lacks the first line of transaction ${number}`)
    this.number = number
    this.fields = fields
    this.#text = text
  }

  get seq(): bigint {
    return BigInt(this.number)
  }
  get id(): string {
    return this.#field(0)
  }
  get eventKey(): string {
    return this.#text.read(this.#field(1))
  }
  get kind(): string {
    return this.#text.read(this.#field(2))
  }
  get description(): string {
    return this.#text.oneLine(this.descriptionAsWritten)
  }
  get descriptionAsWritten(): string {
    this.#written ??= this.#text.read(this.#field(3))
    return this.#written
  }
  get effectiveOn(): string {
    return this.#field(4).slice(0, 10)
  }
  get effectiveAt(): string {
    return toMoment(this.#field(4))
  }
  get originalEffectiveOn(): string | null {
    return this.#optional(5)?.slice(0, 10) ?? null
  }
  get originalEffectiveAt(): string | null {
    return orNull(this.#optional(5), toMoment)
  }
  get postedAt(): string {
    return toMoment(this.#field(6))
  }
  get valueOn(): string | null {
    return this.#optional(7)?.slice(0, 10) ?? null
  }
  get valueAt(): string | null {
    return orNull(this.#optional(7), toMoment)
  }
  get baseCurrency(): string {
    return this.#field(8)
  }
  get paymentIntentId(): string | null {
    return this.#optional(9)
  }
  get refundId(): string | null {
    return this.#optional(10)
  }
  get threadId(): string | null {
    return this.#optional(11)
  }
  get reversesId(): string | null {
    return this.#optional(12)
  }
  /** jsonb escapes control characters and nothing else: its bytes may be read like its letters. */
  get refs(): Readonly<Record<string, string>> {
    const field = this.#field(13)
    this.#refs ??= field === '{}' ? noRefs : (JSON.parse(this.#text.read(field)) as Record<string, string>)
    return this.#refs
  }
  get hash(): string {
    return this.#field(14)
  }

  #field(index: number): string {
    return this.fields[index] ?? ''
  }

  #optional(index: number): string | null {
    const field = this.#field(index)
    return field === absent ? null : field
  }
}

const noRefs: Readonly<Record<string, string>> = {}
const absent = '\\N'
const orNull = <T>(field: string | null, read: (field: string) => T): T | null => (field === null ? null : read(field))

/** 2026-11-30 12:00:00.12+00 → 2026-11-30T12:00:00.120000Z */
const toMoment = (field: string): string => {
  if (!field.endsWith('+00') || field.charAt(10) !== ' ') throw new Error(`not a moment of UTC: ${field}`)
  const time =
    field.length === 29 ? field.slice(11, 26) : `${field.slice(11, 19)}.${field.slice(20, -3).padEnd(6, '0')}`
  return `${field.slice(0, 10)}T${time}Z`
}

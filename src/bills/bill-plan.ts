import type { ErrorCode } from '#kernel/error-catalogue.ts'
import type { CreateBill } from './schemas.ts'
import { type Part, splitTotal, splitWeights } from './split.ts'

/** A participant as the bill names them. */
export interface Person {
  /** Public id. */
  readonly id: string
  readonly externalId: string
}

export interface BillPlan {
  readonly total: Part
  /** One per participant, in their order. */
  readonly parts: readonly Part[]
  readonly items: readonly { name: string; quantity: number; unit_amount: number; for: string[] }[]
}

interface Refusal {
  readonly ok: false
  readonly code: ErrorCode
  readonly message: string
  readonly param: string
}

type Input = Pick<CreateBill, 'amount' | 'items' | 'tax' | 'tip' | 'split' | 'participants'>

const amountMax = 99_999_999n

/** What a bill comes to and asks of each of `people` (as many as `input.participants`, in the same order). */
export const planBill = (input: Input, people: readonly Person[]): ({ ok: true } & BillPlan) | Refusal => {
  const misfit = findMisfit(input, people)
  if (misfit) return misfit
  const items = (input.items ?? []).map((item) => ({ ...item, for: item.for ?? people.map((person) => person.id) }))
  const between = items.map((item) => item.for.map((name) => findPerson(people, name)))
  const unknown = items.flatMap((item, line) => item.for.filter((_, index) => (between[line]?.[index] ?? -1) < 0))[0]
  if (unknown !== undefined) return refuse('items', `'${unknown}' is not among the participants of this bill.`)
  const lines = items.map((item, line) => ({
    amount: BigInt(item.quantity) * BigInt(item.unit_amount),
    between: [...new Set(between[line])],
  }))
  const total = totalOf(input, lines)
  if (total.amount > amountMax) return refuse('amount', `The bill comes to ${total.amount}.`, 'amount_too_large')
  if (total.amount < total.tax + total.tip) return refuse('tax', 'Tax and tip together exceed the amount.')
  const weights = splitWeights(
    input.split,
    input.participants.map((one) => one.weight),
    lines,
  )
  const heaviest = weights.reduce((sum, weight) => sum + weight, 0n)
  const parts = heaviest === 0n ? [] : splitTotal(total, weights)
  const empty = people.find((_, index) => (parts[index]?.amount ?? 0n) < 1n)
  if (empty)
    return refuse('participants', `Nothing is left to pay for participant ${empty.externalId}.`, 'amount_too_small')
  const shown = items.map((item, line) => ({
    ...item,
    for: (lines[line]?.between ?? []).map((position) => people[position]?.id ?? ''),
  }))
  return { ok: true, total, parts, items: shown }
}

const findMisfit = ({ amount, items, split, participants }: Input, people: readonly Person[]): Refusal | undefined => {
  if (amount !== undefined && items !== undefined)
    return refuse('amount', 'Send amount or items, not both.', 'parameters_exclusive')
  if (items === undefined && split === 'items') return refuse('items', 'split=items needs items.', 'parameter_missing')
  if (amount === undefined && items === undefined) return refuse('amount', 'Send amount or items.', 'parameter_missing')
  const isWeighted = split === 'shares'
  if (isWeighted && participants.some((one) => one.weight === undefined))
    return refuse('participants', 'split=shares needs the weight of every participant.', 'parameter_missing')
  if (!isWeighted && participants.some((one) => one.weight !== undefined))
    return refuse('participants', `A weight says nothing with split=${split}. Leave it out, or send split=shares.`)
  if (new Set(people.map((person) => person.id)).size < people.length)
    return refuse('participants', 'A participant is named twice.')
  return undefined
}

const totalOf = ({ amount, tax, tip }: Input, lines: readonly { amount: bigint }[]): Part => {
  const parts = { tax: BigInt(tax), tip: BigInt(tip) }
  if (amount !== undefined) return { ...parts, amount: BigInt(amount) }
  return { ...parts, amount: lines.reduce((sum, line) => sum + line.amount, parts.tax + parts.tip) }
}

const findPerson = (people: readonly Person[], name: string): number =>
  people.findIndex((person) => person.id === name || person.externalId === name)

const refuse = (param: string, message: string, code: ErrorCode = 'bill_invalid_parameter'): Refusal => ({
  ok: false,
  code,
  message,
  param,
})

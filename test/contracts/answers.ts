import assert from 'node:assert/strict'
import type { ProviderAnswer } from '#providers/provider.ts'

const show = (answer: unknown) =>
  JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

export const ok = <T>(answer: ProviderAnswer<T>): T => {
  assert.ok(answer.outcome === 'ok', show(answer))
  return answer.value
}

export const refused = <T>(answer: ProviderAnswer<T>) => {
  assert.ok(answer.outcome === 'refused', show(answer))
  return answer
}

export const unknown = <T>(answer: ProviderAnswer<T>) => {
  assert.ok(answer.outcome === 'unknown', show(answer))
  return answer
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type IdKind, idPrefixes, newUuid, parseId, showId } from '#kernel/ids.ts'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const kinds = Object.keys(idPrefixes) as IdKind[]

/** The definition, by arithmetic on one large number. */
const showByDefinition = (kind: IdKind, uuid: string): string => {
  const number = BigInt(`0x${uuid.replaceAll('-', '')}`)
  const letters = Array.from({ length: 26 }, (_, i) => alphabet[Number((number >> BigInt(5 * (25 - i))) & 31n)])
  return `${idPrefixes[kind]}_${letters.join('')}`
}

const anyUuid = fc.oneof(
  fc.uuid(),
  fc.constantFrom('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
)

describe('public ids', () => {
  test('are what the definition says, and lead back to the same UUID', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), anyUuid, (kind, uuid) => {
        assert.equal(showId(kind, uuid), showByDefinition(kind, uuid))
        assert.equal(parseId(kind, showId(kind, uuid)), uuid)
      }),
      { numRuns: 2000 },
    )
  })

  test('sort like their UUIDs', () => {
    fc.assert(fc.property(anyUuid, anyUuid, (a, b) => a < b === showId('event', a) < showId('event', b)))
  })

  test('only what the definition makes is read', () => {
    const letter = fc.constantFrom(...alphabet, 'i', 'l', 'o', 'u', 'A', '-', 'é', '🍮')
    const texts = fc.array(letter, { minLength: 24, maxLength: 28 }).map((letters) => `pi_${letters.join('')}`)
    fc.assert(
      fc.property(texts, (text) => {
        const uuid = parseId('paymentIntent', text)
        assert.ok(uuid === undefined || showByDefinition('paymentIntent', uuid) === text)
        const isWellFormed = /^pi_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text)
        assert.equal(uuid !== undefined, isWellFormed)
      }),
      { numRuns: 2000 },
    )
  })

  test('another kind, and what is no UUID, are refused', () => {
    const id = showId('paymentIntent', newUuid())
    assert.equal(parseId('refund', id), undefined)
    assert.equal(showId('refund', newUuid().toUpperCase()).length, 29)
    for (const wrong of ['', 'x', newUuid().slice(1), `${newUuid()}0`, newUuid().replace(/.$/, 'g')])
      assert.throws(() => showId('event', wrong), SyntaxError)
  })
})

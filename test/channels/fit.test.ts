import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Count, clip, createFitter, lengthOf } from '#channels/fit.ts'

const counts: Count[] = ['units', 'points', 'graphemes', 'bytes']

describe('clipping', () => {
  const cases: [string, number, Count, string][] = [
    ['Order 1042', 10, 'units', 'Order 1042'],
    ['Order 1042', 9, 'units', 'Order 10…'],
    ['Order 1042', 7, 'units', 'Order…'],
    ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 22, 'units', '👨‍👩‍👧‍👦👨‍👩‍👧‍👦'],
    ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 21, 'units', '👨‍👩‍👧‍👦…'],
    ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 11, 'units', '…'],
    ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦!', 2, 'graphemes', '👨‍👩‍👧‍👦…'],
    ['👍🏽👍🏽', 3, 'points', '👍🏽…'],
    ['e\u0301e\u0301e\u0301', 5, 'units', 'e\u0301e\u0301…'],
    ['日本語', 9, 'bytes', '日本語'],
    ['日本語テ', 9, 'bytes', '日本…'],
    ['🇫🇷🇧🇷🇯🇵', 9, 'units', '🇫🇷🇧🇷…'],
    ['abc', 0, 'units', ''],
    ['abc', 1, 'units', '…'],
    ['a\ud800b', 10, 'units', 'a\ufffdb'],
  ]
  for (const [text, max, count, expected] of cases) {
    test(`${JSON.stringify(text)} to ${max} ${count}`, () => assert.equal(clip(text, max, count), expected))
  }

  test('whatever the text: short enough, well formed, whole graphemes of the beginning', () => {
    const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.integer({ min: 0, max: 40 }),
        fc.constantFrom(...counts),
        (text, max, count) => {
          const clipped = clip(text, max, count)
          assert.ok(lengthOf(clipped, count) <= max)
          assert.ok(clipped.isWellFormed())
          if (clipped === text || clipped === '') return
          const kept = clipped.slice(0, -1)
          const ends = [...segmenter.segment(text)].map(({ index }) => text.slice(0, index).trimEnd())
          assert.ok(ends.includes(kept), JSON.stringify(kept))
        },
      ),
    )
  })

  test('a text of a megabyte', () => assert.equal(clip('x'.repeat(1_000_000), 20), `${'x'.repeat(19)}…`))
})

test('what was cut is told once, with the limit', () => {
  const fit = createFitter()
  assert.equal(fit.text('title', 'short', 20), 'short')
  fit.text('title', 'x'.repeat(81), 80)
  fit.text('title', 'y'.repeat(90), 80)
  fit.text('text', 'é'.repeat(20), 10, 'bytes')
  assert.deepEqual(fit.list('buttons', [1, 2, 3, 4], 3), [1, 2, 3])
  assert.deepEqual(fit.warnings, [
    'title: 80 characters, shortened',
    'text: 10 bytes, shortened',
    'buttons: 3, 1 left out',
  ])
})

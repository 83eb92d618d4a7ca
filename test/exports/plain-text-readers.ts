import assert from 'node:assert/strict'
import type { LineFormat } from '#exports/format.ts'
import type { AccountBalance, JournalLine } from '#exports/journal.ts'
import { type Currency, currencyExponent, isCurrency } from '#kernel/currencies.ts'
import { contextOf } from './journal-model.ts'
import { runTool } from './tools.ts'

/** Minor units by `1110 EUR`; accounts at zero are left out, since the tools leave them out. */
export type Balances = Record<string, bigint>

export const writeLines = (format: LineFormat, lines: readonly JournalLine[], context = contextOf(lines)): string => {
  const writer = format.open(context)
  return writer.head() + lines.map((line) => writer.line(line)).join('') + writer.tail()
}

export const balancesOfModel = (balances: readonly AccountBalance[]): Balances =>
  added(
    balances.map(({ account, debit, credit }) => [`${account.code} ${account.currency.toUpperCase()}`, debit - credit]),
  )

/** As hledger adds the file up. */
export const balancesByHledger = (text: string): Balances => {
  const { isGood, stdout, said } = runTool('hledger', ['-f', '{file}', 'bal', '--flat', '-N', '-O', 'json'], text)
  assert.ok(isGood, said)
  const codes = new Map(
    [...text.matchAll(/^account (.+)\n {2}; type: [A-Z], code: (\w+)/gm)].map(([, path, code]) => [path, code]),
  )
  const [rows]: [[string, string, number, HledgerAmount[]][]] = JSON.parse(stdout)
  return added(
    rows.flatMap(([path, , , amounts]) =>
      amounts.map(({ acommodity, aquantity }): [string, bigint] => [
        `${codes.get(path)} ${acommodity}`,
        minor(decimalText(aquantity.decimalMantissa, aquantity.decimalPlaces), acommodity),
      ]),
    ),
  )
}

/** As beancount's query language adds the file up. */
export const balancesByBeancount = (text: string): Balances => {
  const query = `SELECT getitem(open_meta(account), 'code') AS code, currency, str(sum(number)) AS total GROUP BY code, currency`
  const { isGood, stdout, said } = runTool('bean-query', ['-f', 'csv', '{file}', query], text)
  assert.ok(isGood, said)
  const rows = stdout.trim().split(/\r?\n/).slice(1)
  return added(
    rows.map((row) => {
      const [code = '', currency = '', total = ''] = row.split(',').map((cell) => cell.trim())
      return [`${code} ${currency}`, minor(total.match(/-?\d+(\.\d+)?/)?.[0] ?? '', currency)]
    }),
  )
}

interface HledgerAmount {
  acommodity: string
  aquantity: { decimalMantissa: number; decimalPlaces: number }
}

const added = (amounts: readonly (readonly [string, bigint])[]): Balances => {
  const sums = new Map<string, bigint>()
  for (const [name, amount] of amounts) sums.set(name, (sums.get(name) ?? 0n) + amount)
  return Object.fromEntries([...sums].filter(([, sum]) => sum !== 0n).sort())
}

const decimalText = (mantissa: number, places: number): string => {
  const digits = String(Math.abs(mantissa)).padStart(places + 1, '0')
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
  return mantissa < 0 ? `-${text}` : text
}

/** A part of a minor unit is a failure of the reader's or of ours. */
const minor = (text: string, symbol: string): bigint => {
  const [whole = '', fraction = ''] = text.split('.')
  const exponent = currencyExponent(known(symbol))
  const kept = fraction.replace(/0+$/, '')
  assert.ok(kept.length <= exponent, `${text} ${symbol} has a part of a minor unit`)
  return BigInt(whole + kept.padEnd(exponent, '0'))
}

const known = (symbol: string): Currency => {
  const currency = symbol.toLowerCase()
  assert.ok(isCurrency(currency), symbol)
  return currency
}

import type { Clock } from '#kernel/clock.ts'
import type { Currency } from '#kernel/currencies.ts'
import { AppError } from '#kernel/errors.ts'
import { type Database, inTransaction, violatedConstraint } from '#platform/database.ts'
import { listAnswer, readPage } from '#platform/listing.ts'
import { isAccountCode } from './adjustment.ts'
import {
  insertRate,
  isBaseFixed,
  readBaseCurrency,
  readOwnChart,
  selectRates,
  updateBaseCurrency,
  writeOwnChart,
} from './books-repo.ts'
import { showChart, showRate } from './books-view.ts'
import { codeRules, type MappingTarget, type OwnAccount } from './mapping.ts'
import type { ChartBody, RateBody, RateListQuery } from './schemas.ts'

interface BooksDeps {
  readonly db: Database
  readonly clock: Clock
  readonly fourEyes: boolean
}

export const createBooksService = ({ db, clock, fourEyes }: BooksDeps) => {
  const retrieveBooks = (merchantId: string) =>
    inTransaction(db, merchantId, async (tx) => ({
      object: 'ledger_books' as const,
      base_currency: await readBaseCurrency(tx, merchantId),
      is_fixed: await isBaseFixed(tx, merchantId),
      four_eyes: fourEyes,
    }))

  return {
    retrieveBooks,

    /** Chooses the currency that every entry is valued in; refused once something is booked or a rate is there. */
    updateBooks: async (merchantId: string, currency: Currency) => {
      try {
        await inTransaction(db, merchantId, (tx) => updateBaseCurrency(tx, merchantId, currency))
      } catch (error) {
        throw violatedConstraint(error) === 'ledger_base_currency_in_use' ? baseFixed(error) : error
      }
      return retrieveBooks(merchantId)
    },

    createRate: ({ merchantId, resourceId }: { merchantId: string; resourceId: string }, body: RateBody) =>
      inTransaction(db, merchantId, async (tx) => {
        const base = await readBaseCurrency(tx, merchantId)
        if (body.currency === base) {
          const message = `Invalid currency: ${base} is the base currency, whose rate is 1.`
          throw new AppError('parameter_invalid_string', { message, param: 'currency' })
        }
        const { source = '', ...rate } = body
        const row = { merchant_id: merchantId, id: resourceId, ...rate, source, created_at: clock.now() }
        return showRate(await insertRate(tx, row), base)
      }),

    listRates: (merchantId: string, query: RateListQuery) =>
      inTransaction(db, merchantId, async (tx) => {
        const base = await readBaseCurrency(tx, merchantId)
        const rates = selectRates(tx, merchantId)
        const select = query.currency === undefined ? rates : rates.where('currency', '=', query.currency)
        const { rows, hasMore } = await readPage(select, query, 'exchangeRate')
        const data = rows.map((row) => showRate(row, base))
        return listAnswer('/v1/ledger/exchange_rates', data, hasMore)
      }),

    retrieveChart: (merchantId: string, target: MappingTarget) =>
      inTransaction(db, merchantId, async (tx) =>
        listAnswer('/v1/ledger/chart', showChart(target, await readOwnChart(tx, merchantId)), false),
      ),

    updateChart: (merchantId: string, { target, accounts }: ChartBody) =>
      inTransaction(db, merchantId, async (tx) => {
        const changes = Object.entries(accounts).map(([code, own]) => [code, requireOwn(target, code, own)] as const)
        await writeOwnChart(tx, merchantId, target, changes, clock.now())
        return listAnswer('/v1/ledger/chart', showChart(target, await readOwnChart(tx, merchantId)), false)
      }),
  }
}

const baseFixed = (cause: unknown): AppError =>
  new AppError('parameter_invalid_string', {
    message: 'Invalid base_currency: it can no longer change, for something is booked or an exchange rate is there.',
    param: 'base_currency',
    cause,
  })

const requireOwn = (target: MappingTarget, code: string, own: OwnAccount | null | ''): OwnAccount | null => {
  const refuse = (param: string, message: string) => new AppError('parameter_invalid_string', { message, param })
  const param = `accounts[${code}]`
  if (!isAccountCode(code)) throw refuse(param, `Invalid ${param}: the chart of accounts has no account ${code}.`)
  if (own === null || own === '') return null
  const rule = codeRules[target]
  if (rule && !rule.pattern.test(own.code)) throw refuse(`${param}[code]`, `Invalid ${param}[code]: ${rule.message}`)
  return own
}

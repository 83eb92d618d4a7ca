import { z } from 'zod'
import { account, currency, seconds } from '#ledger/schemas.ts'
import { idSchema, listOf, listQuery } from '#platform/listing.ts'
import { exportFormats, formatAliases } from './formats.ts'

const formatNames = [...Object.keys(exportFormats), ...Object.keys(formatAliases)]

const moment = z.union([seconds, z.iso.date()], { error: 'must be Unix seconds, or a day as 2026-11-30' })

/** What is exported and how; the same for a job, for a stream and for the command line. */
export const exportRequest = z.strictObject({
  format: z
    .enum(formatNames, { error: `must be one of ${formatNames.join(', ')}` })
    .meta({ description: `One of ${formatNames.map((name) => `\`${name}\``).join(', ')}.`, example: 'csv' }),
  from_seq: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'Only what comes after this seal: the `as_of_seq` of the export before. Default 0.' }),
  as_of_seq: z.int().min(0).optional().meta({ description: 'Up to and with this seal. Default: all that is booked.' }),
  from: moment
    .optional()
    .meta({ description: 'Only what took effect on this day (UTC), or in this second (Unix), or later.' }),
  to: moment
    .optional()
    .meta({ description: 'Only what took effect on this day (UTC), or in this second (Unix), or earlier.' }),
  account: account.optional(),
  currency: currency.optional(),
  kind: z
    .string()
    .regex(/^[a-z_]{1,50}$/, 'must be a kind of ledger transaction, for example capture')
    .optional()
    .meta({ description: 'Only this kind of event, for example capture.' }),
  thread: idSchema('thread').optional().meta({ description: 'Only what belongs to this thread.' }),
  compression: z.enum(['none', 'gzip', 'zstd']).default('none'),
  profile: z
    .enum(['machine', 'spreadsheet'])
    .default('machine')
    .meta({ description: 'CSV: `spreadsheet` adds a byte order mark and keeps text from being run as a formula.' }),
  decimal_separator: z
    .enum(['.', ','])
    .default('.')
    .meta({ description: 'CSV: with a decimal comma the semicolon separates.' }),
  granularity: z
    .enum(['line', 'day'])
    .default('line')
    .meta({ description: '`day` sums up each day, where the format can: for tools that choke on many lines.' }),
  without_memo: z.boolean().default(false).meta({ description: 'Leaves the memo accounts 9010 and 9011 out.' }),
  encoding: z
    .enum(['default', 'utf-8'])
    .default('default')
    .meta({ description: 'FEC and DATEV have encodings of their own; `utf-8` writes UTF-8.' }),
  parameters: z
    .record(z.string().max(40), z.string().max(2000))
    .default({})
    .meta({ description: 'What some formats ask of the merchant: `siren` and `year_end` for FEC …' }),
})
export type ExportRequest = z.output<typeof exportRequest>

const count = (description: string) => z.int().meta({ description })

export const exportSchema = z
  .object({
    id: z.string(),
    object: z.literal('export'),
    status: z.enum(['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired']),
    format: z.string(),
    from_seq: count('Seals after this one.'),
    as_of_seq: count('Up to and with this one.'),
    request: z.record(z.string(), z.unknown()).meta({ description: 'What was asked for besides format and range.' }),
    progress: z.object({
      parts_done: count('Parts that are made and stored.'),
      parts_total: count('Parts in all.'),
      rows_done: count('Journal lines in them.'),
      rows_total: z
        .int()
        .nullable()
        .meta({ description: 'An estimate until it is finished; null before the first part.' }),
    }),
    file_name: z.string().nullable(),
    bytes: count('Of what is stored so far; of the file when it is finished.'),
    sha256: z.string().nullable(),
    url: z.string().nullable().meta({ description: 'Path of the download, once it has succeeded.' }),
    manifest: z.string().nullable().meta({ description: 'Path of the manifest, once it has succeeded.' }),
    error: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: 'Why it failed; while it runs, why it waits.' }),
    next_attempt_at: z.int().nullable().meta({ description: 'When an export that waits goes on.' }),
    finished_at: z.int().nullable(),
    expires_at: z.int().nullable().meta({ description: 'When its files are deleted.' }),
    livemode: z.boolean(),
    created: z.int(),
  })
  .meta({ id: 'Export' })
export type ExportView = z.output<typeof exportSchema>
export const exportList = listOf(exportSchema)
export const exportParams = z.strictObject({ id: z.string().max(64) })
export const exportListQuery = listQuery.omit({ expand: true })

const total = { currency: z.string(), debit: z.string(), credit: z.string() }

/** Amounts are minor units, as text: more than 2^53 of them would not survive every JSON reader. */
export const manifestSchema = z
  .object({
    object: z.literal('export_manifest'),
    export: z.string(),
    schema_version: z.string(),
    exporter_version: z.string(),
    merchant: z.string(),
    format: z.string(),
    from_seq: z.int(),
    as_of_seq: z.int(),
    chain_head: z
      .object({ seq: z.int(), hash: z.string() })
      .meta({ description: 'The last seal of the range and its hash; no hash for an empty ledger.' }),
    spec: z.record(z.string(), z.unknown()).meta({ description: 'All that the bytes depend on besides sealed rows.' }),
    file: z.object({ name: z.string(), content_type: z.string(), bytes: z.int(), sha256: z.string() }),
    rows: z.int(),
    parts: z.array(
      z.object({
        number: z.int(),
        rows: z.int(),
        bytes: z.int(),
        sha256: z.string(),
        first_seq: z.int(),
        last_seq: z.int(),
        totals: z.array(z.object(total)),
      }),
    ),
    totals: z.array(z.object(total)),
    trial_balance: z
      .array(z.object({ account: z.string(), name: z.string(), ...total, balance: z.string() }))
      .meta({ description: 'What the lines of this file add up to, by account.' }),
    created: z.int(),
  })
  .meta({ id: 'ExportManifest' })
export type Manifest = z.output<typeof manifestSchema>

export const fileBody = z.string().meta({ description: 'The file.' })
export const sumsBody = z.string().meta({ description: 'Digest and name of the file, as `sha256sum -c` reads it.' })

import type { z } from 'zod'
import type { exportSchema, manifestSchema } from './schemas.ts'

const sha256 = '3f1c9a0f6f0d1c1e8d3f0f6f5b8f2f3f8e4a2d9d1b5b7f2e6c0a9d8e7f6a5b4c'
const hash = '9b1d4e7a2c5f8b0e3d6a9c2f5b8e1d4a7c0f3b6e9d2a5c8f1b4e7d0a3c6f9b2e'
const file = 'journal-1-2104.csv'

/** Examples of the API's documentation: October of a small shop. */
export const exportExample: z.input<typeof exportSchema> = {
  id: 'exp_01jd2q8p1xf0srd3q7m9w1c4zk',
  object: 'export',
  status: 'succeeded',
  format: 'csv',
  from_seq: 0,
  as_of_seq: 2104,
  request: {
    from: '2026-10-01',
    to: '2026-10-31',
    accounts: null,
    currency: null,
    kind: null,
    thread: null,
    compression: 'none',
    profile: 'machine',
    decimal_separator: '.',
    granularity: 'line',
    without_memo: false,
    encoding: 'default',
    parameters: {},
  },
  progress: { parts_done: 1, parts_total: 1, rows_done: 2, rows_total: 2 },
  file_name: file,
  bytes: 1164,
  sha256,
  url: '/v1/exports/exp_01jd2q8p1xf0srd3q7m9w1c4zk/download',
  manifest: '/v1/exports/exp_01jd2q8p1xf0srd3q7m9w1c4zk/manifest',
  error: null,
  next_attempt_at: null,
  finished_at: 1_795_338_001,
  expires_at: 1_795_942_801,
  livemode: false,
  created: 1_795_338_000,
}

const totals = [{ currency: 'eur', debit: '4200', credit: '4200' }]

export const manifestExample: z.input<typeof manifestSchema> = {
  object: 'export_manifest',
  export: exportExample.id,
  schema_version: '1',
  exporter_version: '1',
  merchant: 'mer_01jd2q8k5xf0srd3q7m9w1c4ze',
  format: 'csv',
  from_seq: 0,
  as_of_seq: 2104,
  chain_head: { seq: 2104, hash },
  spec: { ...exportExample.request, part_seqs: 100_000 },
  file: { name: file, content_type: 'text/csv; charset=utf-8; header=present', bytes: 1164, sha256 },
  rows: 2,
  parts: [{ number: 1, rows: 2, bytes: 1164, sha256, first_seq: 1, last_seq: 2104, totals }],
  totals,
  trial_balance: [
    { account: '1110', name: 'PSP – pending', currency: 'eur', debit: '4200', credit: '0', balance: '4200' },
    { account: '4010', name: 'Sales', currency: 'eur', debit: '0', credit: '4200', balance: '-4200' },
  ],
  created: 1_795_338_000,
}

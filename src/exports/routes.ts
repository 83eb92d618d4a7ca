import { type Route, route } from '#platform/route.ts'
import { exportExample, manifestExample } from './examples.ts'
import {
  exportList,
  exportListQuery,
  exportParams,
  exportRequest,
  exportSchema,
  fileBody,
  manifestSchema,
  sumsBody,
} from './schemas.ts'
import type { ExportService } from './service.ts'

const shared = { tag: 'Exports', roles: ['finance', 'merchant', 'service', 'platform'] } as const
const refusals = [
  'resource_missing',
  'parameter_invalid_string',
  'parameter_invalid_integer',
  'parameters_exclusive',
  'ledger_seq_not_sealed',
] as const
const one = { ...shared, method: 'get', params: exportParams } as const

export const exportRoutes = (exports: ExportService): Route[] => [
  route({
    ...shared,
    method: 'post',
    path: '/v1/exports',
    operationId: 'createExport',
    summary: 'Create an export',
    description:
      'Answers at once; a worker makes the file in parts. Watch `progress`, or the event `export.ready`. The same request ' +
      'over the same seals gives the same bytes. The next increment begins with this one’s `as_of_seq` as `from_seq`.',
    body: exportRequest,
    response: exportSchema,
    errors: refusals,
    example: exportExample,
    handler: ({ body, ...scope }) => exports.create(scope, body),
  }),
  route({
    ...shared,
    method: 'get',
    path: '/v1/exports',
    operationId: 'listExports',
    summary: 'List exports',
    query: exportListQuery,
    response: exportList,
    errors: ['parameters_exclusive', 'resource_missing'],
    example: { object: 'list', url: '/v1/exports', has_more: false, data: [exportExample] },
    handler: ({ merchantId, query }) => exports.list(merchantId, query),
  }),
  route({
    ...shared,
    method: 'get',
    path: '/v1/exports/stream',
    operationId: 'streamExport',
    summary: 'Export at once',
    description:
      'For up to 50,000 lines: the file is the answer. `Parley-As-Of-Seq` says up to which seal, `Repr-Digest` is the ' +
      'SHA-256 of the body. What was booked before the request is in it. Larger ranges: create an export.',
    query: exportRequest,
    response: fileBody,
    contentType: 'application/octet-stream',
    errors: [...refusals, 'export_too_large', 'overloaded'],
    example: 'seq,journal_id,line,effective_date,…',
    handler: ({ merchantId, query }) => exports.stream(merchantId, query),
  }),
  route({
    ...one,
    path: '/v1/exports/:id',
    operationId: 'retrieveExport',
    summary: 'Retrieve an export with its progress',
    response: exportSchema,
    errors: ['resource_missing'],
    example: exportExample,
    handler: ({ merchantId, params }) => exports.retrieve(merchantId, params.id),
  }),
  route({
    ...one,
    method: 'post',
    path: '/v1/exports/:id/cancel',
    operationId: 'cancelExport',
    summary: 'Cancel an export',
    description: 'While it is queued or running. What was made of it is deleted.',
    response: exportSchema,
    errors: ['resource_missing', 'export_unexpected_state'],
    example: { ...exportExample, status: 'canceled' },
    handler: ({ merchantId, params }) => exports.cancel(merchantId, params.id),
  }),
  route({
    ...one,
    path: '/v1/exports/:id/download',
    operationId: 'downloadExport',
    summary: 'Download the file of an export',
    description:
      'A download that breaks off is resumed with `Range` and `If-Range`; the ETag is the SHA-256 of the file, and ' +
      '`Repr-Digest` says it too. Files are kept for seven days.',
    response: fileBody,
    contentType: 'application/octet-stream',
    errors: ['resource_missing', 'export_not_ready', 'export_expired'],
    example: 'seq,journal_id,line,effective_date,…',
    handler: ({ merchantId, params, header }) => exports.download(merchantId, params.id, header),
  }),
  route({
    ...one,
    path: '/v1/exports/:id/manifest',
    operationId: 'retrieveExportManifest',
    summary: 'Retrieve the manifest of an export',
    description: 'What the file holds and how to check it: range, head of the chain, parts, digests, totals.',
    response: manifestSchema,
    errors: ['resource_missing', 'export_not_ready', 'export_expired'],
    example: manifestExample,
    handler: ({ merchantId, params }) => exports.manifest(merchantId, params.id),
  }),
  route({
    ...one,
    path: '/v1/exports/:id/sha256sums',
    operationId: 'retrieveExportSums',
    summary: 'Retrieve the digest of an export',
    description: 'Saved beside the file, `sha256sum -c` checks it.',
    response: sumsBody,
    contentType: 'text/plain',
    errors: ['resource_missing', 'export_not_ready', 'export_expired'],
    example: `${manifestExample.file.sha256}  ${manifestExample.file.name}\n`,
    handler: ({ merchantId, params }) => exports.sums(merchantId, params.id),
  }),
]

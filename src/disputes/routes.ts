import type { z } from 'zod'
import { type Route, route } from '#platform/route.ts'
import {
  disputeList,
  fileSchema,
  listDisputesQuery,
  disputeParams as params,
  disputeSchema as response,
  updateDisputeBody,
  uploadBody,
} from './schemas.ts'
import type { DisputeService } from './service.ts'

const tag = 'Disputes'
const writers = ['service', 'merchant', 'platform'] as const
const readers = ['service', 'merchant', 'bot', 'finance', 'platform'] as const

const example: z.input<typeof response> = {
  id: 'dp_01jd2q8p1xf0srd3q7m9w1c4zk',
  object: 'dispute',
  amount: 4200,
  balance_transactions: [{ id: 'txn_1', amount: -4200, fee: 1500 }],
  charge: 'ch_01jd2q8m7xf0srd3q7m9w1c4zh',
  created: 1_795_338_000,
  currency: 'eur',
  evidence: { product_description: 'A bunch of roses, delivered to the door' },
  evidence_details: { due_by: 1_796_115_600, has_evidence: true, past_due: false, submission_count: 0 },
  is_charge_refundable: false,
  metadata: {},
  payment_intent: 'pi_01jd2q8k5xf0srd3q7m9w1c4ze',
  reason: 'fraudulent',
  settled: false,
  statement: null,
  status: 'needs_response',
  thread: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze',
}

const exampleFile: z.input<typeof fileSchema> = {
  id: 'file_01jd2q8p1xf0srd3q7m9w1c4zm',
  object: 'file',
  created: 1_795_338_000,
  filename: 'receipt.pdf',
  purpose: 'dispute_evidence',
  size: 48_211,
  type: 'pdf',
}

export const disputeRoutes = (disputes: DisputeService): Route[] => [
  route({
    method: 'get',
    path: '/v1/disputes',
    operationId: 'listDisputes',
    tag,
    summary: 'List disputes',
    roles: readers,
    query: listDisputesQuery,
    response: disputeList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/disputes', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => disputes.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/disputes/:id',
    operationId: 'retrieveDispute',
    tag,
    summary: 'Retrieve a dispute',
    roles: readers,
    params,
    response,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => disputes.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/disputes/:id',
    operationId: 'updateDispute',
    tag,
    summary: 'Update a dispute',
    description:
      'Sends evidence to the provider and submits it, or with `submit=false` keeps it there for later. Submitted evidence is final: most banks take one submission only.',
    roles: writers,
    params,
    body: updateDisputeBody,
    response,
    errors: ['resource_missing', 'dispute_unexpected_state', 'provider_unknown_outcome', 'parameter_invalid_string'],
    example,
    handler: ({ body, params: { id }, ...scope }) => disputes.update(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/disputes/:id/close',
    operationId: 'closeDispute',
    tag,
    summary: 'Close a dispute',
    description: 'Accepts the dispute: its money is lost. A complaint of WeChat Pay is marked as settled instead.',
    roles: writers,
    params,
    response,
    errors: ['resource_missing', 'dispute_unexpected_state', 'provider_unknown_outcome'],
    example: { ...example, status: 'lost', settled: true },
    handler: ({ params: { id }, ...scope }) => disputes.close(scope, id),
  }),
  route({
    method: 'post',
    path: '/v1/files',
    operationId: 'createFile',
    tag,
    summary: 'Upload a file',
    description:
      'Passes a PDF, PNG or JPEG of at most 5 MiB on to the provider, to be named in the evidence of a dispute. Its bytes are not kept here.',
    roles: writers,
    body: uploadBody,
    file: 'file',
    response: fileSchema,
    errors: ['resource_missing', 'file_invalid', 'parameter_missing', 'provider_error', 'provider_unknown_outcome'],
    example: exampleFile,
    handler: ({ body, file, ...scope }) => disputes.upload(scope, file, body.dispute),
  }),
  route({
    method: 'get',
    path: '/v1/files/:id',
    operationId: 'retrieveFile',
    tag,
    summary: 'Retrieve a file',
    roles: readers,
    params,
    response: fileSchema,
    errors: ['resource_missing'],
    example: exampleFile,
    handler: ({ merchantId, params: { id } }) => disputes.retrieveFile(merchantId, id),
  }),
]

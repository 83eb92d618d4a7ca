import { assertDisputeIsOpen, closeDispute, submitEvidence } from '../flows/dispute.ts'
import { EVIDENCE_FIELDS, FILE_FIELDS } from '../flows/dispute-evidence.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import { clearable, flag, ignored, mergeMetadata, metadata, object, text } from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

const BASE = '/v1/disputes'

type EvidenceField = (typeof EVIDENCE_FIELDS)[number]
const evidenceShape = Object.fromEntries(EVIDENCE_FIELDS.map((field) => [field, clearable(text(150_000))])) as Record<
  EvidenceField,
  ReturnType<typeof clearable<string | undefined>>
>

export const disputeRoutes: Route[] = [
  route('GET', BASE, { ...pagination, created: created(), charge: text(), payment_intent: text() }, (work, params) =>
    listObjects(work, 'dispute', BASE, params, { charge: params.charge, payment_intent: params.payment_intent }),
  ),
  route('GET', `${BASE}/:id`, {}, async (work, _params, { id }) => (await work.get('dispute', id)).doc),
  route(
    'POST',
    `${BASE}/:id`,
    {
      evidence: object({ ...evidenceShape, enhanced_evidence: ignored() }),
      intended_submission_method: ignored(),
      metadata: metadata(),
      submit: flag(),
    },
    async (work, params, { id }) => {
      const dispute = await lockDispute(work, id)
      assertDisputeIsOpen(dispute)
      if (params.metadata) dispute.doc.metadata = mergeMetadata(dispute.doc.metadata, params.metadata)
      if (params.evidence) {
        for (const field of FILE_FIELDS) {
          const id = params.evidence[field]
          if (id) await work.get('file', id, `evidence[${field}]`)
        }
        const given = EVIDENCE_FIELDS.filter((field) => params.evidence?.[field] !== undefined)
        const texts = Object.fromEntries(given.map((field) => [field, params.evidence?.[field] ?? null]))
        dispute.doc.evidence = { ...dispute.doc.evidence, ...texts }
        dispute.doc.evidence_details.has_evidence = true
      }
      // Evidence is final the moment it is submitted, and submitting is Stripe's default.
      if (params.submit ?? params.evidence !== undefined) submitEvidence(work, dispute)
      work.changed(dispute)
      work.emit('charge.dispute.updated', dispute)
      return dispute.doc
    },
  ),
  route('POST', `${BASE}/:id/close`, {}, async (work, _params, { id }) => {
    const dispute = await lockDispute(work, id)
    assertDisputeIsOpen(dispute)
    await closeDispute(work, dispute, 'lost')
    return dispute.doc
  }),
]

const lockDispute = (work: Work, id: string): Promise<Row<'dispute'>> => work.lock('dispute', id, 'dispute')

import { AppError, notFound } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { sha256 } from '#platform/crypto.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { UploadedFile } from '#platform/upload.ts'
import { type DisputeRow, type FileRow, showFile } from './dispute-view.ts'
import { fileTypeOf } from './evidence.ts'
import { findDispute, findFile, findOpenAccount, keepFile, nameFile } from './repo.ts'
import { callsOf } from './sync-service.ts'

interface Scope {
  merchantId: string
  livemode: boolean
  resourceId: string
}

/** Largest file, in bytes. */
const fileBytesMax = 5 * 1024 * 1024

/** Files for evidence. Their bytes pass through to the provider; here stay name, size, type and a digest. */
export const createFiles = (deps: PaymentDeps) => ({
  /**
   * Uploads a file to the provider of a dispute: of the one named, else of the newest that is open, else to the
   * deployment's own account. The same request again uploads under the same key.
   */
  upload: async (scope: Scope, file: UploadedFile | undefined, disputeId: string | undefined) => {
    if (!file) throw new AppError('parameter_missing', { message: 'Send the file as the part "file".', param: 'file' })
    const kind = checkFile(file)
    const row = await inTransaction(deps.db, scope.merchantId, async (tx) =>
      keepFile(tx, {
        merchant_id: scope.merchantId,
        id: scope.resourceId,
        ...(await chooseAccount(tx, deps, scope.merchantId, disputeId)),
        provider_ref: null,
        name: file.name.slice(0, 255) || `evidence.${kind.type}`,
        type: kind.type,
        size: file.bytes.byteLength,
        sha256: sha256(file.bytes),
        livemode: scope.livemode,
        created_at: deps.clock.now(),
      }),
    )
    if (row.provider_ref !== null) return showFile(row)
    const account = {
      merchantId: row.merchant_id,
      provider: row.provider,
      connectionId: row.provider_connection_id,
    }
    const answer = await callsOf(await deps.providers.open(account)).uploadFile({
      idempotencyKey: showId('file', row.id),
      name: row.name,
      type: kind.mime,
      bytes: file.bytes,
    })
    if (answer.outcome === 'unknown') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
    if (answer.outcome === 'refused') throw new AppError('provider_error', { message: answer.decline.message })
    const { ref } = answer.value
    return showFile(await inTransaction(deps.db, scope.merchantId, (tx) => nameFile(tx, row, ref)))
  },

  retrieveFile: (merchantId: string, id: string) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const row = await findFile(tx, merchantId, requireUuid('file', id, 'file upload'))
      if (!row || row.provider_ref === null) throw notFound('file', id)
      return showFile(row)
    }),
})

/** The provider's ref of a file of ours that its dispute can use. */
export const fileRefOf = async (tx: Tx, dispute: DisputeRow, id: string, field: string): Promise<string> => {
  const uuid = parseId('file', id)
  const row = uuid && (await findFile(tx, dispute.merchant_id, uuid))
  if (!row || row.provider_ref === null) throw notFound('file', id, `evidence[${field}]`)
  if (!isAt(row, dispute))
    throw new AppError('parameter_invalid_string', {
      message: `The file '${id}' is at another account than the dispute. Upload it again with dispute=${showId('dispute', dispute.id)}.`,
      param: `evidence[${field}]`,
    })
  return row.provider_ref
}

const isAt = (file: FileRow, dispute: DisputeRow): boolean =>
  file.provider === dispute.provider && file.provider_connection_id === dispute.provider_connection_id

const checkFile = ({ bytes }: UploadedFile): NonNullable<ReturnType<typeof fileTypeOf>> => {
  if (bytes.byteLength > fileBytesMax)
    throw new AppError('file_invalid', {
      message: `The file has ${bytes.byteLength} bytes; send at most ${fileBytesMax}.`,
      param: 'file',
    })
  const kind = fileTypeOf(bytes)
  if (!kind) throw new AppError('file_invalid', { message: 'The file is no PDF, PNG or JPEG.', param: 'file' })
  return kind
}

const chooseAccount = async (tx: Tx, deps: PaymentDeps, merchantId: string, disputeId: string | undefined) => {
  const named =
    disputeId === undefined
      ? await findOpenAccount(tx, merchantId)
      : await findDispute(tx, merchantId, requireUuid('dispute', disputeId, 'dispute', 'dispute'))
  if (disputeId !== undefined && !named) throw notFound('dispute', disputeId, 'dispute')
  if (named) return { provider: named.provider, provider_connection_id: named.provider_connection_id }
  const own = await deps.providers.open({ merchantId, provider: ownProvider, connectionId: null })
  return { provider: own.id, provider_connection_id: null }
}

/** Where files go that no dispute asks for yet, as Stripe's clients upload them. */
const ownProvider = 'stripe'

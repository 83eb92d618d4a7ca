import { AppError, notFound } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { sha256 } from '#platform/crypto.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { UploadedFile } from '#platform/upload.ts'
import { accountsOf } from '#routing/accounts.ts'
import { findRouted } from '#routing/repo.ts'
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
   * Uploads a file to the provider of a dispute: of the one named, else of the newest that is open, else to the first
   * account that takes files, the merchant's own before the deployment's, and those that take images alone last. The
   * same request again uploads under the same key. Throws `capability_missing` where none takes it.
   */
  upload: async (scope: Scope, file: UploadedFile | undefined, disputeId: string | undefined) => {
    if (!file) throw new AppError('parameter_missing', { message: 'Send the file as the part "file".', param: 'file' })
    const kind = checkFile(file)
    const chosen = await chooseAccount(deps, scope, disputeId, kind.type !== 'pdf')
    const row = await inTransaction(deps.db, scope.merchantId, async (tx) =>
      keepFile(tx, {
        merchant_id: scope.merchantId,
        id: scope.resourceId,
        ...chosen,
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
    const calls = callsOf(await deps.providers.open(account))
    if (!calls.uploadFile) throw noFiles(row.provider)
    const answer = await calls.uploadFile({
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

type FileAccount = Pick<FileRow, 'provider' | 'provider_connection_id'>

const chooseAccount = async (
  { db, providers }: PaymentDeps,
  { merchantId, livemode }: Scope,
  disputeId: string | undefined,
  isImage: boolean,
): Promise<FileAccount> => {
  const { named, accounts } = await inTransaction(db, merchantId, async (tx) => ({
    named: await findAsking(tx, merchantId, disputeId),
    accounts: accountsOf(providers, await findRouted(tx, merchantId, providers.routable())),
  }))
  // Stripe's clients upload first and name the dispute later, maybe one that nobody has heard of here.
  const usable = accounts.filter((one) => one.status === 'active' && (one.livemode ?? livemode) === livemode)
  const asked = named ? [{ provider: named.provider, connection: named.provider_connection_id }] : usable
  let takesImages: FileAccount | undefined
  for (const { provider, connection } of asked) {
    const { disputes } = await providers.open({ merchantId, provider, connectionId: connection })
    if (!disputes?.uploadFile) continue
    const account = { provider, provider_connection_id: connection }
    if (named || !disputes.imagesOnly) return account
    takesImages ??= account
  }
  if (takesImages && isImage) return takesImages
  throw noFiles(named?.provider ?? 'No account of yours')
}

const findAsking = async (tx: Tx, merchantId: string, disputeId: string | undefined) => {
  if (disputeId === undefined) return findOpenAccount(tx, merchantId)
  const named = await findDispute(tx, merchantId, requireUuid('dispute', disputeId, 'dispute', 'dispute'))
  if (!named) throw notFound('dispute', disputeId, 'dispute')
  return named
}

const noFiles = (who: string): AppError =>
  new AppError('capability_missing', {
    message: `${who} takes no files as evidence: answer in words (evidence[uncategorized_text]).`,
    param: 'file',
  })

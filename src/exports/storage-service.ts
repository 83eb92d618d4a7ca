import { createFolderFiles } from './folder-storage-service.ts'
import { createS3Files } from './s3-storage-service.ts'

/** Where export files are kept. */
export type ExportStorage =
  | { kind: 'folder'; path: string }
  | { kind: 's3'; url: string; region: string; accessKeyId: string; secretAccessKey: string }

export interface ExportKey {
  readonly merchantId: string
  readonly exportId: string
}

/**
 * Parts of exports, numbered from 1, each an object of its own: in a bucket too, where one object made of many parts
 * would have to be begun, kept and ended across restarts. The download puts them together.
 */
export interface ExportFiles {
  /** Stores all of it or nothing, also when the process dies; what was there before is replaced. */
  put(key: ExportKey, number: number, chunks: AsyncIterable<Uint8Array>): Promise<void>
  /** Bytes `from` to `to`, the latter exclusive; at least one. */
  get(key: ExportKey, number: number, from: number, to: number): AsyncIterable<Uint8Array>
  /** Removes parts 1 to `parts` and whatever is left of others; what is not there is no error. */
  remove(key: ExportKey, parts: number): Promise<void>
}

export const openStorage = (storage: ExportStorage): ExportFiles =>
  storage.kind === 'folder' ? createFolderFiles(storage.path) : createS3Files(storage)

/** Whether there is no room left, rather than something broken. */
export const isStorageFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')

import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExportFiles, ExportKey } from './storage-service.ts'

/** A part is written under another name, synced and renamed: under its own name it is whole. */
export const createFolderFiles = (root: string): ExportFiles => {
  const folderOf = ({ merchantId, exportId }: ExportKey): string => join(root, merchantId, exportId)
  return {
    put: async (key, number, chunks) => {
      const folder = folderOf(key)
      await mkdir(folder, { recursive: true })
      const draft = join(folder, `${number}.${randomUUID()}`)
      try {
        await writeDraft(draft, chunks)
        await rename(draft, join(folder, String(number)))
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      }
      await syncFolder(folder)
    },
    get: (key, number, from, to) =>
      createReadStream(join(folderOf(key), String(number)), { start: from, end: to - 1, highWaterMark: 256 * 1024 }),
    remove: (key) => rm(folderOf(key), { recursive: true, force: true }),
  }
}

/** Writes and syncs a new file. */
export const writeDraft = async (path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> => {
  await using file = await open(path, 'wx')
  for await (const chunk of chunks) await file.writeFile(chunk)
  await file.sync()
}

const syncFolder = async (path: string): Promise<void> => {
  await using folder = await open(path, 'r')
  await folder.sync()
}

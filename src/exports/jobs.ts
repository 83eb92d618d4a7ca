import type { JobPayload } from '#platform/queue.ts'
import type { ExportService } from './service.ts'

export const exportJobs = (exports: ExportService) => ({
  'export.run': ({ id, merchant }: JobPayload) => {
    if (merchant === undefined) throw new Error('the job names no merchant')
    return exports.run(merchant, id)
  },
  'upkeep.expire_exports': () => exports.expire(),
})

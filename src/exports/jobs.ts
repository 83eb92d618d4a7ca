import type { ExportService } from './service.ts'

export const exportJobs = (_exports: ExportService) => ({
  'export.run': async () => {},
  'upkeep.expire_exports': async () => {},
})

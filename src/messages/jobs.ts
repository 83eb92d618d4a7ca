import type { JobHandlers } from '#platform/queue.ts'
import type { MessageService } from './service.ts'

export const messageJobs = (messages: MessageService): Pick<JobHandlers, 'message.send'> => ({
  'message.send': ({ id, merchant = '' }) => messages.send(merchant, id),
})

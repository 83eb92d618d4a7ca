import type { ConnectionService } from '#connections/service.ts'
import type { NativePayments } from '#native/service.ts'
import type { Database } from '#platform/database.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { CardDeps } from './card-service.ts'

export interface OutboxDeps extends CardDeps {
  db: Database
  queue: Pick<JobQueue, 'wake'>
  connections: Pick<ConnectionService, 'open' | 'markBroken' | 'postpone'>
  /** Writes down what a message offers to be paid inside a chat. */
  native?: Pick<NativePayments, 'offer'>
}

import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { attributionOf } from './touch.ts'

interface ThreadRow {
  id: string
  channel: string
  external_id: string
  locale: string | null
  title: string | null
  metadata: Record<string, string>
  created_at: Date
  connection_id: string | null
  first_touch: object | null
  last_touch: object | null
}

interface ParticipantRow {
  id: string
  external_id: string
  role: 'payer' | 'organizer' | 'agent'
  name: string | null
  locale: string | null
}

/** The thread as clients read it. */
export const showThread = (row: ThreadRow, participants: readonly ParticipantRow[]) => ({
  id: showId('thread', row.id),
  object: 'thread' as const,
  channel: row.channel,
  external_id: row.external_id,
  connection: row.connection_id && showId('connection', row.connection_id),
  locale: row.locale,
  title: row.title,
  metadata: row.metadata,
  participants: participants.map((participant) => ({
    id: showId('participant', participant.id),
    object: 'thread.participant' as const,
    external_id: participant.external_id,
    role: participant.role,
    name: participant.name,
    locale: participant.locale,
  })),
  attribution: attributionOf(row),
  created: unixSeconds(row.created_at),
})

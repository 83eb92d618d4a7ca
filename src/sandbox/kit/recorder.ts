import type { InFlight } from './in-flight.ts'
import type { World } from './world.ts'

export type Result = {
  id: string
  state: 'pending' | 'delivered' | 'failed'
  attempts: number
  due_ms: number
  last_status: number | null
  last_error: string | null
}

/** Writes what became of deliveries. Results that come in while one batch is being written are written together by the next. */
export function createRecorder(world: World, inFlight: InFlight, onRecorded: () => void): (result: Result) => void {
  const results: Result[] = []
  let recording: Promise<void> | null = null

  const write = async () => {
    const batch = results.splice(0)
    try {
      const values = [JSON.stringify(batch)]
      await world.pool.query({ name: 'record-deliveries', text: recordSql(world.schema), values })
    } finally {
      // Unrecorded ones stay due in the table, and are sent again.
      inFlight.release(batch)
    }
  }
  const record = () => {
    if (recording) return
    recording = write()
      .catch((error: unknown) => world.log({ msg: 'delivery results not recorded', error: String(error) }))
      .finally(() => {
        recording = null
        if (results.length > 0) return record()
        onRecorded()
      })
  }
  return (result) => {
    results.push(result)
    record()
  }
}

const recordSql = (schema: string) => `
update ${schema}.delivery d
set state = r.state, attempts = r.attempts, due_ms = r.due_ms, last_status = r.last_status, last_error = r.last_error
from json_to_recordset($1::json) as r (id bigint, state text, attempts int, due_ms bigint, last_status int, last_error text)
where d.id = r.id
`

import { migrate } from '#platform/migrate.ts'
import { run } from './app-boot.ts'
import { parseEnvironment, requireSetting } from './config.ts'

/** Brings the database (tables, roles, the queue's schema) to the newest state and ends. Safe to run twice. */
run(async () => {
  const env = parseEnvironment(process.env)
  const done = await migrate(requireSetting(env, 'DATABASE_URL'))
  console.log(
    done.length === 0 ? 'The database is up to date.' : `Applied ${done.length} migrations:\n  ${done.join('\n  ')}`,
  )
})

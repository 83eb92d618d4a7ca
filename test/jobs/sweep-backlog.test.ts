import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newUuid } from '#kernel/ids.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'
import { createQueue } from '#platform/queue.ts'
import { createTestDatabase } from '../support/database.ts'
import { noRedis } from '../support/world.ts'

const backends = [
  { name: 'postgres', skip: false },
  { name: 'redis', skip: noRedis },
] as const

for (const { name, skip } of backends) {
  describe(`workers that fall behind, on ${name}`, { skip }, () => {
    test('are not buried: what the sweep finds again waits until there is room', async () => {
      await using database = await createTestDatabase()
      const queue = await createQueue({
        url: name === 'redis' ? String(process.env.TEST_REDIS_URL) : database.url,
        prefix: `test-${newUuid()}`,
        logger: createLogger('silent'),
        metrics: createMetrics(),
      })
      const rows = Array.from({ length: 300 }, () => ({ id: newUuid() }))
      for (let sweep = 0; sweep < 20; sweep++) {
        await queue.takeStock()
        for (const row of rows) queue.wake('webhook.process', row, { repeated: true })
        for (const row of rows) queue.wake('notification.deliver', row, { repeated: true })
        await queue.flush()
      }
      const { payments, notifications } = await queue.depth()
      assert.deepEqual([payments, notifications], [600, 600])
      queue.wake('webhook.process', { id: newUuid() })
      await queue.flush()
      assert.equal((await queue.depth()).payments, 601, 'news is always told')
      await queue.close()
    })
  })
}

import type { Sandbox } from '../sandbox.ts'

/** A new world: nothing has happened, the ids start over, the webhook endpoint given at start stays. */
export async function resetSandbox(sandbox: Sandbox): Promise<void> {
  await sandbox.pool.query(`
    truncate sandbox_stripe.idempotency, sandbox_stripe.delivery, sandbox_stripe.task, sandbox_stripe.fault, sandbox_stripe.setting;
    delete from sandbox_stripe.object where id <> 'we_configured';
  `)
  await sandbox.faults.clear()
  sandbox.clock.reset()
  await sandbox.ids.reset(sandbox.pool)
  await sandbox.endpoints.reload()
}

import type { Sandbox } from '../sandbox.ts'

/** A new world: nothing has happened, the numbers start over, the merchants and all keys stay. */
export async function resetSandbox(sandbox: Sandbox): Promise<void> {
  await sandbox.pool.query(`
    truncate sandbox_wechatpay.object, sandbox_wechatpay.effect, sandbox_wechatpay.notification,
      sandbox_wechatpay.delivery, sandbox_wechatpay.task, sandbox_wechatpay.fault, sandbox_wechatpay.bill;
    delete from sandbox_wechatpay.setting where name = 'clock_offset_ms';
  `)
  await sandbox.faults.clear()
  sandbox.clock.reset()
  await sandbox.ids.reset(sandbox.pool)
  for (const { mchid } of sandbox.merchants.all()) await sandbox.merchants.setComplaintUrl(mchid, null)
}

import { isPublicAddress } from '#platform/outbound-addresses.ts'
import type { PaySurface } from '#providers/handover.ts'

/**
 * Where this page is open, by what the browser says of itself. Wrong is never worse than another way to pay. The pages
 * of a mini program have no bridge, whatever they say. `ip`: as far as it is the payer's, and not a proxy's.
 */
export const surfaceOf = (agent: string, ip: string | undefined): PaySurface => {
  if (/miniProgram/i.test(agent)) return { kind: 'phone' }
  if (/MicroMessenger\//i.test(agent)) return { kind: 'wechat' }
  if (!/iPhone|iPod|Android.*Mobile|Mobile.*Android|Windows Phone/i.test(agent)) return { kind: 'browser' }
  const address = ip?.replace(/^::ffff:/i, '')
  return address !== undefined && isPublicAddress(address) ? { kind: 'phone', ip: address } : { kind: 'phone' }
}

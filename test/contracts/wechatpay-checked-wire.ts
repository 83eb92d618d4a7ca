import { loadContractCheck, noSpec } from '../sandbox/wechatpay-spec.ts'
import { openWire } from './wire.ts'

const check = noSpec ? null : loadContractCheck()

/** Hosts and files that are no API, and the part of it that nobody has published. */
const isDescribed = (path: string) => !path.startsWith('/billdownload') && !path.startsWith('/v3/merchant-service/')

/**
 * Stands between the adapter and the simulator, holds every request against the published description, and passes on
 * exactly the bytes that came, for they are signed. `complaints`: what was wrong with them.
 */
export const openCheckedWire = async (target: string) => {
  const complaints: string[] = []
  const seen = new Set<string>()
  const wire = await openWire(target, {
    see: ({ method, path, body }) => {
      if (!isDescribed(path)) return
      seen.add(`${method} ${path.replace(/(op_|pi_|42000|REF)[^/]*/, '…')}`)
      const complaint = body.length > 0 && check?.('request', method, path, JSON.parse(body.toString()))
      if (complaint) complaints.push(complaint)
    },
  })
  return { ...wire, complaints, seen }
}

import { BlockList, isIP } from 'node:net'

/**
 * IPv4 that is not the public internet (IANA's special-purpose registry), and two addresses that look public but
 * answer from inside a cloud. Carrier-grade NAT (100.64/10) holds Alibaba's metadata service, 192.0.0/24 Oracle's.
 */
const refusedV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's host
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** Global unicast. Whatever lies outside is refused unread: loopback, link-local, ULA, v4-mapped, NAT64, multicast. */
const globalV6 = ['2000::/3']

/** Inside of it: Teredo and other protocol ranges, documentation, 6to4 (carries an IPv4 address), AS112. */
const refusedV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

const listOf = (subnets: readonly string[], family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', bits = ''] = subnet.split('/')
    list.addSubnet(network, Number(bits), family)
  }
  return list
}

const v4 = { refused: listOf(refusedV4, 'ipv4') }
const v6 = { global: listOf(globalV6, 'ipv6'), refused: listOf(refusedV6, 'ipv6') }

/** Whether a literal address is on the public internet. Anything that is not plainly so (also zone ids) is not. */
export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address)
  if (family === 4) return !v4.refused.check(address, 'ipv4')
  if (family !== 6 || address.includes('%')) return false
  return v6.global.check(address, 'ipv6') && !v6.refused.check(address, 'ipv6')
}

/** Names that mean this machine or this network whatever a resolver says. */
export const isLocalName = (host: string): boolean =>
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|localdomain|home\.arpa)$/.test(
    host.toLowerCase().replace(/\.+$/, ''),
  )

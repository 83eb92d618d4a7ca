import type { Source } from './source.ts'

/** The slices in their order. A new one is added here, at its place, and in ARCHITECTURE.md. */
export const slices = [
  'accounts',
  'connections',
  'routing',
  'ledger',
  'threads',
  'customers',
  'setups',
  'payments',
  'refunds',
  'native',
  'disputes',
  'payouts',
  'transfers',
  'checkout',
  'bills',
  'messages',
  'events',
  'webhooks',
  'finance',
  'exports',
] as const

const order = ['kernel', 'config.ts', 'platform', 'providers', 'channels', ...slices, 'pages', 'app.ts', 'main-*.ts']

export type Zone =
  | { kind: 'ordered'; name: string; rank: number }
  | { kind: 'adapter'; name: string; port: string }
  | { kind: 'simulator'; name: string }
  | { kind: 'kit'; name: string }
  | { kind: 'unknown'; name: string }

export function zoneOf(path: string): Zone {
  const [folder = '', second = '', ...deeper] = path.replace(/^src\//, '').split('/')
  if (folder === 'sandbox' && deeper.length > 0)
    return { kind: second === 'kit' ? 'kit' : 'simulator', name: `sandbox/${second}` }
  const isPort = folder === 'providers' || folder === 'channels'
  if (isPort && deeper.length > 0) return { kind: 'adapter', name: `${folder}/${second}`, port: folder }
  const name =
    second === '' ? folder.replace(/^app-.*\.ts$/, 'app.ts').replace(/^main(-.*)?\.ts$/, 'main-*.ts') : folder
  const rank = order.indexOf(name)
  return rank < 0 ? { kind: 'unknown', name } : { kind: 'ordered', name, rank }
}

/** A file imports from its own folder or from folders to its left. */
export function checkImportOrder(sources: Source[]): string[] {
  return sources.flatMap(({ path, imports }) => {
    const from = zoneOf(path)
    if (from.kind === 'unknown') {
      return [
        `${path}: "${from.name}" has no place in the import order: add it in test/structure/layers.ts, or move the file`,
      ]
    }
    return imports.flatMap(({ target, line, specifier, isTypeOnly }) => {
      if (target === undefined || !target.startsWith('src/')) return []
      const complaint = complain(from, zoneOf(target), isTypeOnly)
      return complaint === undefined ? [] : [`${path}:${line}: imports ${specifier}: ${complaint}`]
    })
  })
}

function complain(from: Zone, to: Zone, isTypeOnly: boolean): string | undefined {
  if (from.name === to.name) return undefined
  if (from.kind === 'kit') return 'the kit of the simulators imports nothing of ours: take it as an argument'
  if (from.kind === 'simulator' && to.kind === 'kit') return undefined
  if (from.kind === 'simulator')
    return 'a simulator knows nothing of Parley: copy what it needs into its folder, or what two need into sandbox/kit/'
  if (to.kind === 'kit') return 'only simulators are built with their kit'
  if (to.kind === 'unknown') return `"${to.name}" has no place in the import order: add it in test/structure/layers.ts`
  const isComposition = from.kind === 'ordered' && from.rank >= order.indexOf('app.ts')
  if (to.kind === 'simulator') return isComposition ? undefined : 'only app.ts and main-*.ts start a simulator'
  if (to.kind === 'adapter') return isComposition ? undefined : 'only app.ts knows an adapter: go through the port'
  if (from.kind === 'adapter') return complainOfAdapter(from, to)
  if (to.name === 'config.ts') {
    if (isComposition || (isTypeOnly && from.name !== 'kernel')) return undefined
    return 'only app.ts and main-*.ts read the configuration: take the value as an argument, or `import type`'
  }
  if (from.kind !== 'ordered' || to.kind !== 'ordered' || to.rank < from.rank) return undefined
  return `it stands to the right of ${from.name} (${order.join(' → ')}): react through the outbox, or move the shared part left`
}

function complainOfAdapter(from: Zone & { kind: 'adapter' }, to: Zone): string | undefined {
  if (to.name === 'kernel' || to.name === 'platform' || to.name === from.port) return undefined
  return `an adapter imports only kernel, platform and its port ${from.port}/`
}

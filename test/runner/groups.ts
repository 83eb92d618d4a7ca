/** As many files share a process: the more, the less is loaded again; the fewer, the less one that dies takes with it. */
const groupSize = 16

/** Folders whose files share a process with no others. What takes long is in smaller groups, or at the end one core has no work. */
const ownSize: Readonly<Record<string, number>> = { browser: 5, faults: 5 }

/** Keeps the order as far as it can. */
export function groupFiles(files: readonly string[]): string[][] {
  const groups: string[][] = []
  const open = new Map<string, string[]>()
  for (const file of files) {
    const folder = file.split(/[\\/]/)[1] ?? ''
    const kind = folder in ownSize ? folder : ''
    const group = open.get(kind) ?? []
    if (group.length === 0) groups.push(group)
    group.push(file)
    open.set(kind, group.length < (ownSize[folder] ?? groupSize) ? group : [])
  }
  return groups
}

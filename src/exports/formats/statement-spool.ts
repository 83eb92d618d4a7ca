import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Characters of one key, and of all keys together, that are kept as they are. */
const openMax = 32_768
const allOpenMax = 16_777_216

interface Drawer {
  open: string
  readonly packed: Buffer[]
}

/**
 * Puts texts aside by key until it is their key's turn: the journal comes by seq, statements go out by account. What
 * has gathered is compressed, with the first text as the dictionary of all (they differ in little): 700 bytes of
 * camt.053 become about 40, so that a million entries fit into memory.
 */
export const createSpool = () => {
  const drawers = new Map<string, Drawer>()
  let dictionary: Buffer | undefined
  let allOpen = 0
  const pack = (drawer: Drawer) => {
    if (drawer.open === '') return
    drawer.packed.push(deflateRawSync(drawer.open, { level: 1, dictionary }))
    allOpen -= drawer.open.length
    drawer.open = ''
  }
  return {
    add: (key: string, text: string): void => {
      dictionary ??= Buffer.from(text)
      const drawer = drawers.get(key) ?? { open: '', packed: [] }
      drawers.set(key, drawer)
      drawer.open += text
      allOpen += text.length
      if (drawer.open.length >= openMax) pack(drawer)
      if (allOpen >= allOpenMax) for (const each of drawers.values()) pack(each)
    },
    /** In the order of adding. */
    read: function* (key: string): Generator<string> {
      const drawer = drawers.get(key)
      if (!drawer) return
      for (const packed of drawer.packed) yield inflateRawSync(packed, { dictionary }).toString()
      yield drawer.open
    },
  }
}

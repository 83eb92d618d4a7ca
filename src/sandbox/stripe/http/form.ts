/** Stripe's request format: application/x-www-form-urlencoded with brackets, `a[b][0][c]=v` and `expand[]=x`. */
export type FormValue = string | FormValue[] | { [name: string]: FormValue }
export type Form = { [name: string]: FormValue }

export function parseForm(text: string): Form {
  const root: Tree = new Map()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const cut = pair.indexOf('=')
    const name = decode(cut < 0 ? pair : pair.slice(0, cut))
    const value = cut < 0 ? '' : decode(pair.slice(cut + 1))
    place(root, pathOf(name), value)
  }
  return harden(root, true) as Form
}

type Tree = Map<string, string | Tree>

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

/** `a[b][]` → ['a', 'b', '']. A name that does not follow the grammar stays whole, and is then an unknown parameter. */
function pathOf(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name)
  if (!match) return [name]
  const inner = match[2] ?? ''
  return [match[1] ?? name, ...(inner === '' ? [] : inner.slice(1, -1).split(']['))]
}

function place(tree: Tree, path: string[], value: string): void {
  const [head = '', ...rest] = path
  const key = head === '' ? String(tree.size) : head
  if (rest.length === 0) {
    tree.set(key, value)
    return
  }
  const next = tree.get(key)
  const branch: Tree = next instanceof Map ? next : new Map()
  tree.set(key, branch)
  place(branch, rest, value)
}

/** Maps whose keys are 0, 1, 2 … become arrays, the others objects without a prototype. */
function harden(value: string | Tree, isRoot = false): FormValue {
  if (typeof value === 'string') return value
  const keys = [...value.keys()]
  if (!isRoot && keys.length > 0 && keys.every((key) => /^\d{1,4}$/.test(key))) {
    return [...value.entries()].sort((a, b) => Number(a[0]) - Number(b[0])).map(([, item]) => harden(item))
  }
  const object: { [name: string]: FormValue } = Object.create(null)
  for (const [key, item] of value) object[key] = harden(item)
  return object
}

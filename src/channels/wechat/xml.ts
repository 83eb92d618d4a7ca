/** An element: its text, or its children by name. */
export type XmlElement = { readonly text: string; readonly children: ReadonlyMap<string, readonly XmlElement[]> }

const depthMax = 6
const elementsMax = 500
const lengthMax = 256 * 1024

/**
 * The little XML that WeChat writes: elements without attributes, text, CDATA, the five entities. Anything else, above
 * all DOCTYPE and ENTITY, makes it unreadable, so that there is nothing to expand and nowhere to reach out to.
 */
export const readXml = (source: string): XmlElement | undefined => {
  const text = source.trim()
  if (text.length > lengthMax) return undefined
  const root = open('')
  const path = [root]
  let elements = 0
  let at = 0
  while (at < text.length) {
    const token = nextToken(text, at)
    const parent = path.at(-1)
    if (!token || !parent) return undefined
    at = token.end
    if (token.kind === 'text') {
      if (parent === root && token.value.trim() !== '') return undefined
      parent.text += token.value
    } else if (token.kind === 'open') {
      elements += 1
      if (elements > elementsMax || path.length > depthMax) return undefined
      // One document, not a second one behind the first.
      if (parent === root && elements > 1) return undefined
      const child = open(token.value)
      parent.children.set(child.name, [...(parent.children.get(child.name) ?? []), child])
      path.push(child)
    } else {
      if (parent === root || parent.name !== token.value) return undefined
      path.pop()
    }
  }
  const [only] = [...root.children.values()].flat()
  return path.length === 1 ? only : undefined
}

/** The text of the first child of that name, through any number of levels; empty without it. */
export const textAt = (element: XmlElement, ...names: readonly string[]): string => {
  const found = names.reduce<XmlElement | undefined>((here, name) => here?.children.get(name)?.[0], element)
  return found?.text.trim() ?? ''
}

interface OpenElement {
  name: string
  text: string
  children: Map<string, OpenElement[]>
}

const open = (name: string): OpenElement => ({ name, text: '', children: new Map() })

interface Token {
  kind: 'open' | 'close' | 'text'
  value: string
  end: number
}

const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['open', /<([A-Za-z_][\w.-]{0,63})\s*>/y],
  ['close', /<\/([A-Za-z_][\w.-]{0,63})\s*>/y],
  ['text', /<!\[CDATA\[([\s\S]*?)\]\]>/y],
]

const nextToken = (text: string, at: number): Token | undefined => {
  if (text[at] !== '<') {
    const next = text.indexOf('<', at)
    const end = next < 0 ? text.length : next
    const value = decode(text.slice(at, end))
    return value === undefined ? undefined : { kind: 'text', value, end }
  }
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) return { kind, value: match[1] ?? '', end: pattern.lastIndex }
  }
  return undefined
}

const entities: Readonly<Record<string, string | undefined>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** Undefined for an entity that XML itself does not define. */
const decode = (text: string): string | undefined => {
  let isKnown = true
  const decoded = text.replaceAll(/&([a-z]{1,8});|&/g, (_, name?: string) => {
    const letter = name === undefined ? undefined : entities[name]
    if (letter === undefined) isKnown = false
    return letter ?? ''
  })
  return isKnown ? decoded : undefined
}

import { AppError } from '#kernel/errors.ts'

/** What a decoded body is made of before a schema has seen it. */
export type Raw = string | number | boolean | null | Raw[] | { [key: string]: Raw }

const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])
const keyForm = /^([^[\]]+)((?:\[[^[\]]*\])*)$/
const depthMax = 12

/**
 * Reads `a=1&b[c]=2&d[]=3&e[0][f]=4` as Stripe's SDKs write it. Every scalar stays text and every level an object;
 * the schema decides later what is a number or a list (`coerce`).
 */
export const decodeForm = (text: string): { [key: string]: Raw } => {
  const root: { [key: string]: Raw } = Object.create(null)
  if (text === '') return root
  for (const pair of text.split('&')) {
    const [rawKey = '', ...rest] = pair.split('=')
    if (rawKey === '' && rest.length === 0) continue
    const key = decodeText(rawKey)
    put(root, splitKey(key), decodeText(rest.join('=')), key)
  }
  return root
}

const decodeText = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new AppError('invalid_body', {
      message: 'The body has a broken percent escape. Encode it as UTF-8 form data.',
    })
  }
}

const splitKey = (key: string): string[] => {
  const match = keyForm.exec(key)
  if (!match) {
    throw new AppError('invalid_body', {
      message: `The parameter name '${key.slice(0, 80)}' has broken brackets.`,
      param: key.slice(0, 80),
    })
  }
  const [, head = '', brackets = ''] = match
  const path = [head, ...(brackets === '' ? [] : brackets.slice(1, -1).split(']['))]
  if (path.length > depthMax)
    throw new AppError('invalid_body', { message: 'The parameters are nested too deeply.', param: head })
  const bad = path.find((part) => forbiddenKeys.has(part))
  if (bad !== undefined) throw unknownParameter(key)
  return path
}

const put = (root: { [key: string]: Raw }, path: string[], value: string, key: string): void => {
  let node = root
  for (const [index, part] of path.entries()) {
    const name = part === '' ? String(Object.keys(node).length) : part
    if (index === path.length - 1) {
      if (name in node)
        throw new AppError('invalid_body', { message: `The parameter '${key}' was sent twice.`, param: key })
      node[name] = value
      return
    }
    const next = node[name] ?? Object.create(null)
    if (typeof next !== 'object' || next === null || Array.isArray(next)) {
      throw new AppError('invalid_body', { message: `The parameter '${key}' is both a value and a group.`, param: key })
    }
    node[name] = next
    node = next
  }
}

/** Parses JSON and refuses what would later break a database or an object: prototype keys, too much depth. */
export const decodeJson = (text: string): Raw => {
  try {
    return JSON.parse(text) as Raw
  } catch {
    throw new AppError('invalid_body', { message: 'The body is not valid JSON.' })
  }
}

/** Refuses text that Postgres cannot keep (NUL, lone surrogates), keys of the prototype and bottomless nesting. */
export const checkRaw = (value: Raw, path: string[] = []): void => {
  if (path.length > depthMax)
    throw new AppError('invalid_body', { message: 'The body is nested too deeply.', param: showPath(path) })
  if (typeof value === 'string') {
    if (value.includes('\u0000') || !value.isWellFormed())
      throw new AppError('invalid_characters', { param: showPath(path) })
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, child] of Object.entries(value)) {
    if (forbiddenKeys.has(key)) throw unknownParameter(showPath([...path, key]))
    if (key.includes('\u0000') || !key.isWellFormed())
      throw new AppError('invalid_characters', { param: showPath(path) })
    checkRaw(child, [...path, key])
  }
}

export const unknownParameter = (name: string): AppError =>
  new AppError('parameter_unknown', { message: `Received unknown parameter: ${name}`, param: name })

/** `['a', 'b', 0]` → `a[b][0]`, as Stripe names parameters. */
export const showPath = (path: readonly PropertyKey[]): string =>
  path.map((part, index) => (index === 0 ? String(part) : `[${String(part)}]`)).join('')

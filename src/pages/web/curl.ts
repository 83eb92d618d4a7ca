type Value = string | number | boolean | Params | Value[]
export type Params = { [name: string]: Value }

/** A call of the API, to make or to show. */
export interface ApiCall {
  method: 'GET' | 'POST'
  path: string
  params?: Params | undefined
}

/** The call as one would type it, with the key in a variable. */
export const curlOf = (publicUrl: string, { method, path, params }: ApiCall): string => {
  const head = `curl ${quote(publicUrl + path)} -u "$PARLEY_KEY:"`
  if (method === 'GET') return head
  const fields = flatten(params ?? {}, '').map(([name, value]) => `  -d ${quote(`${name}=${value}`)}`)
  return [`${head}${fields.length === 0 ? ' -X POST' : ''}`, ...fields].join(' \\\n')
}

const flatten = (value: Value, name: string): [string, string][] => {
  if (Array.isArray(value)) return value.flatMap((part, index) => flatten(part, `${name}[${index}]`))
  if (typeof value !== 'object') return [[name, String(value)]]
  return Object.entries(value).flatMap(([key, part]) => flatten(part, name === '' ? key : `${name}[${key}]`))
}

const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

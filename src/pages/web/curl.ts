export type Params = { [name: string]: string | number | Params | Params[] }

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

const flatten = (params: Params, prefix: string): [string, string][] =>
  Object.entries(params).flatMap(([name, value]): [string, string][] => {
    const path = prefix === '' ? name : `${prefix}[${name}]`
    if (Array.isArray(value)) return value.flatMap((part, index) => flatten(part, `${path}[${index}]`))
    return typeof value === 'object' ? flatten(value, path) : [[path, String(value)]]
  })

const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

import { AppError } from '#kernel/errors.ts'

/** A file as a client sent it. What it says of itself (name, type) is a claim. */
export interface UploadedFile {
  name: string
  bytes: Uint8Array
}

/** Largest body of a request that carries a file, in bytes: 5 MiB, and what multipart adds. */
export const uploadBytesMax = 5 * 1024 * 1024 + 64 * 1024

export const isMultipart = (contentType: string): boolean => /^multipart\/form-data\b/i.test(contentType)

/** Reads a multipart body: texts by name, and the one file under `name`. Throws `invalid_body` for anything else. */
export const readUpload = async (
  bytes: Uint8Array,
  contentType: string,
  name: string,
): Promise<{ fields: Record<string, string>; file?: UploadedFile }> => {
  const form = await parse(bytes, contentType)
  const fields: Record<string, string> = {}
  let file: UploadedFile | undefined
  for (const [key, value] of form.entries()) {
    if (key in fields || (key === name && file)) throw refuse(`The parameter '${key.slice(0, 80)}' was sent twice.`)
    if (typeof value === 'string') fields[key] = value
    else if (key !== name) throw refuse(`Only the part '${name}' may be a file.`)
    else file = { name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) }
  }
  return { fields, ...(file ? { file } : {}) }
}

const parse = async (bytes: Uint8Array, contentType: string): Promise<FormData> => {
  try {
    return await new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw refuse('The body is not valid multipart/form-data.')
  }
}

const refuse = (message: string): AppError => new AppError('invalid_body', { message })

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { create } from 'qrcode'
import request from 'supertest'
import { createTestPages } from './payment-pages.ts'

const binary = (response: request.Response, done: (error: Error | null, body: Buffer) => void) => {
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.on('end', () => done(null, Buffer.concat(chunks)))
}
const publicUrl = 'https://pay.example'
const { app } = createTestPages()
const readPng = (query = '') =>
  request(app)
    .get(`/pay/payable/qr.png${query}`)
    .buffer()
    .parse(binary as never)

/** Dark pixels by row, of the PNG that the library writes: eight bits of RGBA, rows with a filter byte. */
const pixelsOf = (png: Buffer): boolean[][] => {
  assert.equal(png.subarray(1, 4).toString(), 'PNG')
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const data: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  const raw = inflateSync(Buffer.concat(data))
  const channels = { 0: 1, 2: 3, 6: 4 }[png[25] ?? 9]
  assert.ok(channels && png[24] === 8, 'eight bits a channel')
  return unfilter(raw, width * channels, height, channels).map((row) =>
    Array.from({ length: width }, (_, x) => (row[x * channels] ?? 255) < 128),
  )
}

/** PNG's five row filters (ISO/IEC 15948, 9.2). */
const unfilter = (raw: Buffer, stride: number, height: number, step: number): Uint8Array[] => {
  const rows: Uint8Array[] = []
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] ?? 0
    const row = raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1))
    const out = new Uint8Array(stride)
    for (let x = 0; x < stride; x++) {
      const [left, up, corner] = [out[x - step] ?? 0, rows[y - 1]?.[x] ?? 0, rows[y - 1]?.[x - step] ?? 0]
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0
      out[x] = (row[x] ?? 0) + guess
    }
    rows.push(out)
  }
  return rows
}

const paeth = (left: number, up: number, corner: number): number => {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
  return a <= b && a <= c ? left : b <= c ? up : corner
}

/** The code's modules, one pixel each, without the quiet zone, which must be empty. */
const modulesOf = (pixels: boolean[][], size: number): boolean[][] => {
  const scale = pixels.length / (size + 8)
  assert.ok(Number.isInteger(scale), `${pixels.length} pixels for ${size} modules`)
  const at = (row: number, column: number) => {
    const cell = pixels
      .slice(row * scale, (row + 1) * scale)
      .map((line) => line.slice(column * scale, (column + 1) * scale))
    assert.equal(new Set(cell.flat()).size, 1, 'a module is of one colour')
    return cell[0]?.[0] ?? false
  }
  const all = Array.from({ length: size + 8 }, (_, row) =>
    Array.from({ length: size + 8 }, (_, column) => at(row, column)),
  )
  const isQuiet = (index: number) => index < 4 || index >= size + 4
  for (const [row, line] of all.entries())
    for (const [column, isDark] of line.entries()) assert.ok(!isDark || !(isQuiet(row) || isQuiet(column)))
  return all.slice(4, -4).map((line) => line.slice(4, -4))
}

const expected = (link: string) => {
  const code = create(link, { errorCorrectionLevel: 'M' })
  const { size, data } = code.modules
  assert.equal(code.segments.map((one) => Buffer.from(one.data as Uint8Array).toString()).join(''), link)
  return {
    size,
    rows: Array.from({ length: size }, (_, row) => [...data.slice(row * size, (row + 1) * size)].map(Boolean)),
  }
}

describe('a payment link as a QR code', () => {
  const { size, rows } = expected(`${publicUrl}/pay/payable`)

  test('is, as PNG, exactly the code of the link', async () => {
    const answer = await readPng()
    assert.deepEqual([answer.status, answer.type], [200, 'image/png'])
    const pixels = pixelsOf(answer.body)
    assert.ok(pixels.length <= 480 && pixels.length > 480 - size - 8, String(pixels.length))
    assert.deepEqual(modulesOf(pixels, size), rows)
    const other = expected(`${publicUrl}/pay/payablf`)
    assert.notDeepEqual(rows, other.rows, 'one letter makes another code')
  })

  test('is, as SVG, the same code at any size', async () => {
    const { type, body } = await request(app).get('/pay/payable/qr.svg?size=300')
    const svg = body.toString()
    assert.equal(type, 'image/svg+xml')
    assert.match(svg, new RegExp(`viewBox="0 0 ${size + 8} ${size + 8}"`))
    assert.match(svg, /width="300"/)
    assert.doesNotMatch(svg, /script|href|pay\.example/)
    const drawn = drawnModules(svg, size + 8)
    assert.deepEqual(
      drawn.slice(4, -4).map((line) => line.slice(4, -4)),
      rows,
    )
  })

  test('keeps its size within bounds, whatever is asked', async () => {
    const width = async (query: string) => pixelsOf((await readPng(query)).body).length
    const [small, usual, large] = [await width('?size=1'), await width('?size=nonsense'), await width('?size=99999')]
    assert.ok(small <= 160 && usual <= 480 && large <= 2000 && large > 1900, [small, usual, large].join())
  })

  test('may be cached and shown anywhere, but not indexed', async () => {
    const { headers } = await request(app).get('/pay/payable/qr.svg')
    assert.match(headers['cache-control'] ?? '', /max-age=86400/)
    assert.equal(headers['x-robots-tag'], 'noindex')
    assert.equal(headers['cross-origin-resource-policy'], 'cross-origin')
    assert.match(headers['content-security-policy'] ?? '', /default-src 'none'/)
  })

  test('exists only for a link that opens something', async () => {
    for (const format of ['png', 'svg']) {
      const answer = await request(app).get(`/pay/unknown/qr.${format}`)
      assert.deepEqual([answer.status, answer.headers['cache-control']], [404, 'no-store'])
    }
  })
})

/** What the path of strokes one module high paints: M x y, m dx dy, h length. */
const drawnModules = (svg: string, size: number): boolean[][] => {
  const path = /stroke="#000000" d="([^"]+)"/.exec(svg)?.[1] ?? ''
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => false))
  let [x, y] = [0, 0]
  for (const [, command, a = '0', b = '0'] of path.matchAll(/([Mmh])\s?(-?[\d.]+)(?:[ ,](-?[\d.]+))?/g)) {
    if (command === 'M') [x, y] = [Number(a), Number(b)]
    else if (command === 'm') [x, y] = [x + Number(a), y + Number(b)]
    else for (let end = x + Number(a); x < end; x++) (rows[Math.floor(y)] ?? [])[x] = true
  }
  return rows
}

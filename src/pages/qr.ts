import type { Request, Response } from 'express'
import { create, toBuffer, toString as toText } from 'qrcode'
import type { PagePayments } from '#pages/checkout/desk.ts'
import { imagePolicy } from '#pages/web/assets.ts'
import { qrLook as look } from '#pages/web/qr-drawing.ts'
import { handoverOf } from '#payments/handover.ts'

interface QrOptions {
  payments: Pick<PagePayments, 'readPage'>
  /** Where payers reach this service, without a slash at the end. */
  publicUrl: string
}

/** Pixels. Below, a camera cannot tell the modules of a link apart; above, nobody prints. */
const sizes = { min: 160, usual: 480, max: 2000 }

/** The payment link as a QR code, for whoever cannot tap it. A token that opens nothing has none. */
export const showQr =
  ({ payments, publicUrl }: QrOptions, format: 'png' | 'svg') =>
  async (request: Request, response: Response): Promise<void> => {
    const token = String(request.params.token ?? '')
    const page = await payments.readPage(token)
    if (!page) return sendNone(response, 'This link does not work.')
    const link = `${publicUrl}/pay/${token}`
    // It says no more than its own address does, and says it for ever.
    await sendCode(request, response, { text: link, format, cache: 'public, max-age=86400', publicUrl })
  }

/** The code to scan in the provider's app, as long as one is open, for an integrator's own page. */
export const showPayCode =
  ({ payments, publicUrl }: QrOptions, format: 'png' | 'svg') =>
  async (request: Request, response: Response): Promise<void> => {
    const page = await payments.readPage(String(request.params.token ?? ''))
    const handover = page && handoverOf(page.intent)
    if (handover?.kind !== 'qr') return sendNone(response, 'There is no code to pay with now.')
    await sendCode(request, response, { text: handover.code, format, cache: 'no-store', publicUrl })
  }

const sendNone = (response: Response, words: string): void => {
  response.status(404).set({ 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex' }).type('text/plain').send(words)
}

interface Code {
  text: string
  format: 'png' | 'svg'
  cache: string
  publicUrl: string
}

const sendCode = async (
  request: Request,
  response: Response,
  { text, format, cache, publicUrl }: Code,
): Promise<void> => {
  const size = sizeOf(new URL(request.originalUrl, publicUrl).searchParams.get('size'))
  response.set({
    'Cache-Control': cache,
    'Content-Security-Policy': imagePolicy,
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Robots-Tag': 'noindex',
  })
  if (format === 'svg') response.type('image/svg+xml').send(await toText(text, { ...look, type: 'svg', width: size }))
  else response.type('image/png').send(await toBuffer(text, { ...look, scale: scaleOf(text, size) }))
}

const sizeOf = (text: string | null): number => {
  if (text === null || !/^\d{1,5}$/.test(text)) return sizes.usual
  return Math.min(sizes.max, Math.max(sizes.min, Number(text)))
}

/** Whole pixels for each module: the sharpest image that is not larger than asked for. */
const scaleOf = (link: string, size: number): number => {
  const modules = create(link, look).modules.size + 2 * look.margin
  return Math.max(1, Math.floor(size / modules))
}

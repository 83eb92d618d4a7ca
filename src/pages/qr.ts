import type { Request, Response } from 'express'
import { create, toBuffer, toString as toText } from 'qrcode'
import type { PagePayments } from '#pages/checkout/desk.ts'
import { imagePolicy } from '#pages/web/assets.ts'

interface QrOptions {
  payments: Pick<PagePayments, 'readPage'>
  /** Where payers reach this service, without a slash at the end. */
  publicUrl: string
}

/** Pixels. Below, a camera cannot tell the modules of a link apart; above, nobody prints. */
const sizes = { min: 160, usual: 480, max: 2000 }

/** Four modules of quiet zone and level M (15 %), as ISO/IEC 18004 asks for and for what is shown on a screen. */
const look = { errorCorrectionLevel: 'M', margin: 4 } as const

/** The payment link as a QR code, for whoever cannot tap it. A token that opens nothing has none. */
export const showQr =
  ({ payments, publicUrl }: QrOptions, format: 'png' | 'svg') =>
  async (request: Request, response: Response): Promise<void> => {
    const token = String(request.params.token ?? '')
    const page = await payments.readPage(token)
    if (!page) {
      response.status(404).set({ 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex' }).type('text/plain')
      response.send('This link does not work.')
      return
    }
    const link = `${publicUrl}/pay/${token}`
    const size = sizeOf(new URL(request.originalUrl, publicUrl).searchParams.get('size'))
    response.set({
      // It says no more than its own address does, and says it for ever.
      'Cache-Control': 'public, max-age=86400',
      'Content-Security-Policy': imagePolicy,
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'X-Robots-Tag': 'noindex',
    })
    if (format === 'svg') response.type('image/svg+xml').send(await toText(link, { ...look, type: 'svg', width: size }))
    else response.type('image/png').send(await toBuffer(link, { ...look, scale: scaleOf(link, size) }))
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

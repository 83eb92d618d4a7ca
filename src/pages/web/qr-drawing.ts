import { create } from 'qrcode'
import { type Html, html } from './html.ts'

/** Four modules of quiet zone and level M (15 %), as ISO/IEC 18004 asks for and for what is shown on a screen. */
export const qrLook = { errorCorrectionLevel: 'M', margin: 4 } as const

/** A QR code as part of a page, black on white in every scheme: cameras expect it so. `label`: for who cannot see it. */
export const qrDrawing = (text: string, label: string): Html => {
  const { size, data } = create(text, qrLook).modules
  const isDark = (x: number, y: number) => x >= 0 && x < size && Boolean(data[y * size + x])
  const rows = Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => x)
      .filter((x) => isDark(x, y) && !isDark(x - 1, y))
      .map(
        (x) =>
          `M${x + qrLook.margin} ${y + qrLook.margin}h${runFrom(x, (at) => isDark(at, y))}v1H${x + qrLook.margin}z`,
      )
      .join(''),
  )
  const side = size + 2 * qrLook.margin
  return html`<svg class="code" role="img" aria-label="${label}" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path fill="#000" d="${rows.join('')}"/></svg>`
}

const runFrom = (from: number, isDark: (x: number) => boolean): number => {
  let to = from
  while (isDark(to)) to += 1
  return to - from
}

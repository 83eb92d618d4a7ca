type Rgb = readonly [number, number, number]

const white: Rgb = [255, 255, 255]
const ink: Rgb = [20, 22, 26]
const darkPaper: Rgb = [22, 25, 31]
const defaultAccent = '2f6fed'

/** The merchant's accent as six hex digits; anything that is no such colour gives the default. */
export const accentOf = (setting: string | undefined): string =>
  /^#?([0-9a-f]{6})$/i.exec(setting ?? '')?.[1]?.toLowerCase() ?? defaultAccent

export const accentPath = (accent: string): string => `/assets/accent-${accent}.css`

/**
 * The style sheet of one accent. `--accent` fills buttons and carries `--on-accent` text; `--accent-ink` is the same
 * hue as text on paper. Both are moved towards black or white until they reach 4.5:1, so that no choice of a merchant
 * makes a page unreadable.
 */
export const accentStyle = (accent: string): string => {
  const base = parse(accent)
  const fill =
    contrast(base, white) >= contrast(base, ink) || contrast(base, white) >= 3 ? reach(base, white, [0, 0, 0]) : base
  const onAccent = contrast(fill, white) >= 4.5 ? white : ink
  const light = reach(base, white, [0, 0, 0])
  const dark = reach(base, darkPaper, white)
  return (
    `:root{--accent:${show(fill)};--on-accent:${show(onAccent)};--accent-ink:${show(light)}}` +
    `@media(prefers-color-scheme:dark){:root{--accent-ink:${show(dark)}}}`
  )
}

const parse = (hex: string): Rgb => [channel(hex, 0), channel(hex, 2), channel(hex, 4)]
const channel = (hex: string, at: number): number => Number.parseInt(hex.slice(at, at + 2), 16)
const show = (rgb: Rgb): string => `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`

/** Mixes towards `target` in steps until the colour stands out enough from `against`. */
const reach = (start: Rgb, against: Rgb, target: Rgb): Rgb => {
  for (let share = 0; share < 1; share += 0.04) {
    const mixed: Rgb = [
      mix(start[0], target[0], share),
      mix(start[1], target[1], share),
      mix(start[2], target[2], share),
    ]
    if (contrast(mixed, against) >= 4.6) return mixed
  }
  return target
}

const mix = (from: number, to: number, share: number): number => from + (to - from) * share

/** WCAG 2 contrast ratio. */
const contrast = (a: Rgb, b: Rgb): number => {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

const luminance = ([red, green, blue]: Rgb): number =>
  0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)

const linear = (value: number): number => {
  const share = value / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}

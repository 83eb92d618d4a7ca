const CHINA_MS = 8 * 3_600_000
export const DAY_MS = 86_400_000

/** WeChat Pay writes all times as China's: `2018-06-08T10:34:56+08:00`. */
export function chinaTime(ms: number): string {
  return `${inChina(ms).slice(0, 19)}+08:00`
}

/** `20180608103456` */
export function chinaStamp(ms: number): string {
  return inChina(ms).slice(0, 19).replace(/\D/g, '')
}

/** `2018-06-08 10:34:56`, as in bills. */
export function chinaText(ms: number): string {
  return inChina(ms).slice(0, 19).replace('T', ' ')
}

/** The moment a day (`2018-06-08`) begins in China; null if there is no such day. */
export function chinaDay(date: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return null
  const ms = Date.parse(`${date}T00:00:00+08:00`)
  return Number.isNaN(ms) || inChina(ms).slice(0, 10) !== date ? null : ms
}

const inChina = (ms: number) => new Date(ms + CHINA_MS).toISOString()

import { type Bouquet, bouquets } from './bouquets.ts'

/** Our own illustrations by file name, drawn from the bouquets' colours. */
export const pictureOf = (file: string): string | undefined => {
  if (file === 'logo.svg') return logo
  const bouquet = bouquets.find(({ sku }) => file === `${sku}.svg`)
  return bouquet && draw(bouquet)
}

const places: readonly [x: number, y: number, radius: number][] = [
  [118, 84, 25],
  [204, 82, 25],
  [140, 50, 22],
  [186, 48, 23],
  [94, 112, 17],
  [228, 110, 17],
  [132, 112, 22],
  [190, 113, 22],
  [162, 82, 30],
]

const draw = ({ petals, heart, paper, ground }: Bouquet): string => {
  const leaves = [
    [-62, 82, 84],
    [-34, 104, 44],
    [28, 212, 42],
    [58, 238, 84],
    [-84, 92, 132],
    [84, 228, 132],
  ] as const
  const flowers = places.map(([x, y, radius], index) =>
    flower(x, y, radius, petals[index % petals.length] ?? heart, heart, index),
  )
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" preserveAspectRatio="xMidYMid slice"><rect width="320" height="200" fill="${ground}"/>` +
    leaves
      .map(
        ([turn, x, y]) =>
          `<ellipse cx="${x}" cy="${y}" rx="9" ry="27" fill="#5d9467" transform="rotate(${turn} ${x} ${y})"/>`,
      )
      .join('') +
    `<path d="M96 116c20 14 108 14 130 0l-44 84h-44z" fill="${paper}"/><path d="M96 116c20 14 44 12 60 12l26 72h-44z" fill="#fff" fill-opacity=".45"/>` +
    flowers.join('') +
    `<path d="M137 168c16 7 32 7 47 0l-4 12c-13 4-26 4-39 0z" fill="${petals[2]}"/><path d="M160 172l-16 24M160 172l14 24" stroke="${petals[2]}" stroke-width="4" stroke-linecap="round"/></svg>`
  )
}

/** Two rings of petals, the inner one turned and lighter, around a heart. */
const flower = (x: number, y: number, radius: number, petal: string, heart: string, seed: number): string => {
  const ring = (count: number, reach: number, width: number, offset: number, opacity: number): string =>
    Array.from({ length: count }, (_, index) => {
      const turn = Math.round((360 / count) * index + offset)
      return `<ellipse cx="${x + reach}" cy="${y}" rx="${reach}" ry="${width}" fill="${opacity < 1 ? '#fff' : petal}" fill-opacity="${opacity}" transform="rotate(${turn} ${x} ${y})"/>`
    }).join('')
  const shade = `<circle cx="${x}" cy="${y + 2}" r="${radius + 1}" fill="#2a1a24" fill-opacity=".06"/>`
  return (
    shade +
    ring(9, radius * 0.52, radius * 0.3, seed * 17, 1) +
    ring(7, radius * 0.34, radius * 0.2, seed * 17 + 20, 0.35) +
    `<circle cx="${x}" cy="${y}" r="${radius * 0.24}" fill="${heart}"/>`
  )
}

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" fill="#b8336a"/>' +
  Array.from(
    { length: 8 },
    (_, index) =>
      `<ellipse cx="27" cy="20" rx="7" ry="3.9" fill="#fff" fill-opacity="${index % 2 === 0 ? 0.95 : 0.7}" transform="rotate(${index * 45} 20 20)"/>`,
  ).join('') +
  '<circle cx="20" cy="20" r="4" fill="#ffd479"/></svg>'

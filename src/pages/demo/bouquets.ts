export interface Bouquet {
  sku: string
  name: string
  /** Cents. */
  price: number
  petals: readonly string[]
  heart: string
  paper: string
  ground: string
}

/** What the shop sells for: by card, and by WeChat. */
export type ShopCurrency = 'eur' | 'cny'

/** Play money: a euro is eight yuan here, always. */
const rates: Record<ShopCurrency, number> = { eur: 1, cny: 8 }

const deliveryCents = 300

/** Minor units of a bouquet and its delivery. */
export const pricesOf = ({ price }: Bouquet, currency: ShopCurrency): { bouquet: number; delivery: number } => ({
  bouquet: price * rates[currency],
  delivery: deliveryCents * rates[currency],
})

/** The shop window. Names are proper names and stay the same in every language. */
export const bouquets: readonly Bouquet[] = [
  {
    sku: 'nanterre',
    name: 'Nanterre',
    price: 3900,
    petals: ['#e8638f', '#f49ab5', '#d6457a'],
    heart: '#ffd479',
    paper: '#f6e7d8',
    ground: '#fdeef3',
  },
  {
    sku: 'tiergarten',
    name: 'Tiergarten',
    price: 2900,
    petals: ['#f7b733', '#fcd77f', '#f09a28'],
    heart: '#8a4b16',
    paper: '#e4ecd9',
    ground: '#fff6e0',
  },
  {
    sku: 'sakura',
    name: 'Sakura',
    price: 5400,
    petals: ['#fbc4d4', '#ffe1e9', '#f39bb6'],
    heart: '#e0607f',
    paper: '#e9e4f5',
    ground: '#f3f0fb',
  },
  {
    sku: 'lagune',
    name: 'Lagune',
    price: 2400,
    petals: ['#5b8def', '#9dbcf7', '#3f6fd0'],
    heart: '#fff3c4',
    paper: '#dcebf2',
    ground: '#eaf4fb',
  },
]

export const bouquetBySku = (sku: string | undefined): Bouquet | undefined => bouquets.find((one) => one.sku === sku)

export const bouquetNamedIn = (text: string): Bouquet | undefined => {
  const words = text.toLowerCase()
  return bouquets.find(({ name }) => words.includes(name.toLowerCase()))
}

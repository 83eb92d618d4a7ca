import { type Bouquet, bouquetNamedIn, bouquets, type ShopCurrency } from './bouquets.ts'
import type { DemoWords } from './words.ts'

export type Wish =
  | { kind: 'buy'; bouquet: Bouquet; currency: ShopCurrency }
  | { kind: 'show' | 'delivery' | 'refund' | 'help' | 'thanks' | 'unknown' }

/** What somebody wants, by the button they tapped or by a word in what they typed. */
export const understand = (text: string, words: DemoWords): Wish => {
  const button = (['show', 'delivery', 'refund', 'help'] as const).find((name) => words[name] === text)
  if (button) return { kind: button }
  const kind = signs.find(({ sign }) => sign.test(text))?.kind
  const bouquet = bouquetNamedIn(text)
  const [first] = bouquets
  if (kind !== 'refund' && byWechat.test(text) && first)
    return { kind: 'buy', bouquet: bouquet ?? first, currency: 'cny' }
  if (bouquet && kind !== 'refund') return { kind: 'buy', bouquet, currency: 'eur' }
  return { kind: kind ?? 'unknown' }
}

const byWechat = /wechat|weixin|微信|ويتشات/i

const signs: readonly { kind: Exclude<Wish['kind'], 'buy'>; sign: RegExp }[] = [
  { kind: 'refund', sign: /refund|money back|send .*back|rembours|reembols|devol|退款|退钱|استرداد|استرجاع/i },
  { kind: 'delivery', sign: /deliver|shipp|how long|when|livr|envío|envio|entreg|配送|送货|多久|توصيل/i },
  { kind: 'thanks', sign: /\bthank|\bthx|merci|gracias|obrigad|谢|شكر/i },
  {
    kind: 'show',
    sign: /bouquet|flower|show|buy|order|want|menu|fleur|achet|flor|ramo|compr|buqu|花|买|زهور|أزهار|باق|شراء|أريد/i,
  },
  { kind: 'help', sign: /help|what can|how|aide|ayuda|ajuda|帮|مساعد|\?|？|؟/i },
  { kind: 'show', sign: /^\W*(hi|hey|hello|hallo|bonjour|salut|hola|ol[aá]|你好|您好|مرحبا)/i },
]

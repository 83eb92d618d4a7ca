import type Stripe from 'stripe'

type CheckoutLocale = Stripe.Checkout.SessionCreateParams.Locale

const plain =
  'bg cs da de el en es et fi fil fr hr hu id it ja ko lt lv ms mt nb nl pl pt ro ru sk sl sv th tr vi zh'.split(' ')

/** Tags whose page is not the one of their language. */
const special: Readonly<Record<string, CheckoutLocale>> = {
  'en-gb': 'en-GB',
  'es-419': 'es-419',
  'fr-ca': 'fr-CA',
  hi: 'hi-IN',
  nn: 'nb',
  no: 'nb',
  'pt-br': 'pt-BR',
  tl: 'fil',
  'zh-hant': 'zh-TW',
  'zh-hk': 'zh-HK',
  'zh-mo': 'zh-HK',
  'zh-tw': 'zh-TW',
}

/** Spanish of the Americas has a page of its own. */
const latinAmerica = new Set('ar bo cl co cr cu do ec gt hn mx ni pa pe pr py sv us uy ve'.split(' '))

/** Stripe's page language for a BCP 47 tag; `auto` (the browser's) when Stripe does not speak it. */
export const checkoutLocale = (tag: string | undefined): CheckoutLocale => {
  const parts = (tag ?? '').toLowerCase().replaceAll('_', '-').split('-')
  const language = parts[0] ?? ''
  const region = parts.find((part, index) => index > 0 && part.length === 2)
  if (language === 'es' && region && latinAmerica.has(region)) return 'es-419'
  const tries = [region && `${language}-${region}`, `${language}-${parts[1]}`, language]
  for (const name of tries) {
    if (name && Object.hasOwn(special, name)) return special[name] ?? 'auto'
  }
  return plain.includes(language) ? language : 'auto'
}

/** What totals are called, in the languages that payers are served in. */
export interface Labels {
  items: string
  subtotal: string
  discount: string
  delivery: string
  tax: string
  taxIncluded: string
  tip: string
  total: string
  noDelivery: string
}

const byLanguage: Readonly<Record<string, Labels>> = {
  en: {
    items: 'Items',
    subtotal: 'Subtotal',
    discount: 'Discount',
    delivery: 'Delivery',
    tax: 'Tax',
    taxIncluded: 'Tax included',
    tip: 'Tip',
    total: 'Total',
    noDelivery: 'We do not deliver to this address.',
  },
  fr: {
    items: 'Articles',
    subtotal: 'Sous-total',
    discount: 'Remise',
    delivery: 'Livraison',
    tax: 'TVA',
    taxIncluded: 'TVA incluse',
    tip: 'Pourboire',
    total: 'Total',
    noDelivery: 'Nous ne livrons pas à cette adresse.',
  },
  zh: {
    items: '商品',
    subtotal: '小计',
    discount: '优惠',
    delivery: '配送',
    tax: '税费',
    taxIncluded: '已含税',
    tip: '小费',
    total: '合计',
    noDelivery: '该地址不在配送范围内。',
  },
  es: {
    items: 'Artículos',
    subtotal: 'Subtotal',
    discount: 'Descuento',
    delivery: 'Envío',
    tax: 'Impuestos',
    taxIncluded: 'Impuestos incluidos',
    tip: 'Propina',
    total: 'Total',
    noDelivery: 'No hacemos envíos a esta dirección.',
  },
  pt: {
    items: 'Itens',
    subtotal: 'Subtotal',
    discount: 'Desconto',
    delivery: 'Entrega',
    tax: 'Impostos',
    taxIncluded: 'Impostos incluídos',
    tip: 'Gorjeta',
    total: 'Total',
    noDelivery: 'Não entregamos neste endereço.',
  },
  ar: {
    items: 'المنتجات',
    subtotal: 'المجموع الفرعي',
    discount: 'الخصم',
    delivery: 'التوصيل',
    tax: 'الضريبة',
    taxIncluded: 'شامل الضريبة',
    tip: 'إكرامية',
    total: 'الإجمالي',
    noDelivery: 'لا نوصّل إلى هذا العنوان.',
  },
}

/** The labels of a language tag; English for a language that is not here. */
export const labelsFor = (locale: string | null): Labels => {
  const language = (locale ?? 'en').split(/[-_]/)[0]?.toLowerCase() ?? 'en'
  return byLanguage[language] ?? english
}

const english = byLanguage.en as Labels

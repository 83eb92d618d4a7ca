const phrases: Readonly<Record<string, (title: string) => string>> = {
  fr: (title) => `Votre part de ${title}`,
  es: (title) => `Su parte de ${title}`,
  pt: (title) => `Sua parte de ${title}`,
  zh: (title) => `${title}：您的份额`,
  ar: (title) => `حصتك من ${title}`,
}

/** What a share's payment is called on the payer's page, in the language of the payer or the thread; else in English. */
export const shareTitle = (title: string, locale: string | null): string => {
  const [language = ''] = (locale ?? '').toLowerCase().split(/[-_]/)
  return (phrases[language] ?? inEnglish)(title)
}

const inEnglish = (title: string): string => `Your part of ${title}`

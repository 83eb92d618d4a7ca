import { ar } from './ar.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import { ptBr } from './pt-br.ts'
import type { Texts } from './text-names.ts'
import { zhHans } from './zh-hans.ts'

export const locales = ['en', 'fr', 'zh-Hans', 'es', 'pt-BR', 'ar'] as const
export type Locale = (typeof locales)[number]

export const texts: Record<Locale, Texts> = { en, fr, 'zh-Hans': zhHans, es, 'pt-BR': ptBr, ar }

import { after, before, describe, test } from 'node:test'
import { type Gallery, openGallery, pathsIn } from './checkout-states.ts'
import { languages, noChromium } from './chromium.ts'

const others = languages.filter((locale) => locale !== 'en')

describe('checkout and receipt in other scripts', { skip: noChromium }, () => {
  let gallery: Gallery
  before(async () => {
    gallery = await openGallery(others)
  })
  after(() => gallery?.[Symbol.asyncDispose]())

  // Colours do not depend on the language; what axe says of structure does not depend on the scheme.
  const isTelling = (path: string): boolean => /\/(payable|declined|refunded)-/.test(path)
  for (const path of others.flatMap(pathsIn)) test(path, () => gallery.look(path, isTelling(path) ? ['light'] : []))
})

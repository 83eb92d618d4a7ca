import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Gallery, openGallery, pathsIn } from './checkout-states.ts'
import { languages, noChromium, schemes, visit } from './chromium.ts'

describe('checkout and receipt in every state', { skip: noChromium }, () => {
  let gallery: Gallery
  before(async () => {
    gallery = await openGallery(languages)
  })
  after(() => gallery?.[Symbol.asyncDispose]())

  for (const path of [...pathsIn('en'), '/pay/unknown', '/pay/yellow']) test(path, () => gallery.look(path, schemes))

  test('the button is in reach on a small phone', async () => {
    await using person = await visit(gallery.browser, { viewport: { width: 360, height: 640 } })
    for (const locale of languages) {
      for (const state of ['payable', 'declined']) {
        await person.page.goto(`${gallery.url}/pay/${state}-${locale}`)
        const box = await person.page.locator('form .button').boundingBox()
        assert.ok(box && box.y + box.height <= 640, `${state} ${locale}`)
      }
    }
  })

  test('a receipt prints on one page', async () => {
    await using person = await visit(gallery.browser)
    await person.page.goto(`${gallery.url}/receipts/refunded-en`)
    const pdf = (await person.page.pdf({ format: 'A4' })).toString('latin1')
    assert.equal([...pdf.matchAll(/\/Type\s*\/Page\b(?!s)/g)].length, 1)
  })
})

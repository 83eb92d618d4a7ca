import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { newUuid } from '#kernel/ids.ts'
import { checkoutToken, clientSecret, readCheckoutToken } from '#payments/link-service.ts'
import { merchantOfKey, newApiKey, roles } from '#platform/api-keys.ts'
import { createSecrets, isEqual } from '#platform/crypto.ts'

const secrets = createSecrets('a secret of at least thirty-two characters')
const others = createSecrets('another secret, also of thirty-two or more')

/** The same bytes but for one bit. */
const flip = (bytes: Uint8Array, bit: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

describe('a sealed value', () => {
  test('opens where it belongs, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => {
        assert.equal(secrets.open(secrets.seal(plain, context), context), plain.toWellFormed())
      }),
    )
  })

  test('does not open in another row, with another secret, or with one bit changed', () => {
    const sealed = secrets.seal('whsec_something', 'webhook_endpoint:1')
    assert.throws(() => secrets.open(sealed, 'webhook_endpoint:2'))
    assert.throws(() => others.open(sealed, 'webhook_endpoint:1'))
    for (let bit = 0; bit < sealed.length * 8; bit++)
      assert.throws(() => secrets.open(flip(sealed, bit), 'webhook_endpoint:1'), `bit ${bit}`)
    for (let length = 0; length < sealed.length; length++)
      assert.throws(() => secrets.open(sealed.subarray(0, length), 'webhook_endpoint:1'), `${length} bytes`)
  })

  test('never looks the same twice', () => {
    const made = Array.from({ length: 100 }, () => secrets.seal('same', 'same').toString('hex'))
    assert.equal(new Set(made).size, 100)
  })
})

describe('a keyed digest', () => {
  test('depends on its purpose and on where its parts end', () => {
    const all = [
      secrets.mac('link', 'ab', 'c'),
      secrets.mac('link', 'a', 'bc'),
      secrets.mac('link', 'abc'),
      secrets.mac('link', 'abc', ''),
      secrets.mac('linka', 'bc'),
      secrets.mac('other', 'ab', 'c'),
      others.mac('link', 'ab', 'c'),
    ].map((mac) => mac.toString('hex'))
    assert.equal(new Set(all).size, all.length)
    assert.ok(isEqual(secrets.mac('a', 'b'), secrets.mac('a', 'b')))
    assert.equal(isEqual('a', 'ab'), false)
  })
})

describe('a link to a payment', () => {
  const linked = { merchant_id: newUuid(), id: newUuid() }
  const token = checkoutToken(secrets, linked)

  test('opens its own payment', () => assert.deepEqual(readCheckoutToken(secrets, token), linked))

  test('is refused when any bit of it was changed, or another secret signed it', () => {
    const bytes = Buffer.from(token, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++)
      assert.equal(readCheckoutToken(secrets, flip(bytes, bit).toString('base64url')), undefined, `bit ${bit}`)
    assert.equal(readCheckoutToken(others, token), undefined)
  })

  test('is refused in any other spelling', () => {
    const spellings = ['', `${token}=`, `${token} `, token.slice(1), token + token, `${token}AAAA`, `${token}\n`]
    for (const text of spellings) assert.equal(readCheckoutToken(secrets, text), undefined, text)
    fc.assert(fc.property(fc.string(), (text) => assert.equal(readCheckoutToken(secrets, text), undefined)))
  })

  test('cannot be put together from two others', () => {
    const other = checkoutToken(secrets, { merchant_id: newUuid(), id: newUuid() })
    const [a, b] = [Buffer.from(token, 'base64url'), Buffer.from(other, 'base64url')]
    for (const cut of [16, 32]) {
      const mixed = Buffer.concat([a.subarray(0, cut), b.subarray(cut)]).toString('base64url')
      assert.equal(readCheckoutToken(secrets, mixed), undefined)
    }
  })

  test('says nothing of the client secret', () => {
    const secret = clientSecret(secrets, linked)
    assert.match(secret, /^pi_[0-9a-z]{26}_secret_[0-9A-Za-z]{24}$/)
    assert.notEqual(secret, clientSecret(secrets, { ...linked, merchant_id: newUuid() }))
  })
})

describe('an API key', () => {
  const merchant = newUuid()

  test('names its merchant, role and mode, and no two are alike', () => {
    const made = new Set<string>()
    for (const role of roles) {
      for (const livemode of [true, false]) {
        const key = newApiKey(merchant, role, livemode)
        assert.equal(merchantOfKey(key), merchant)
        assert.ok(key.startsWith(livemode ? 'par_live_' : 'par_test_'))
        made.add(key)
      }
    }
    assert.equal(made.size, roles.length * 2)
    fc.assert(fc.property(fc.uuid(), (id) => assert.equal(merchantOfKey(newApiKey(id, 'bot', false)), id)))
  })

  test('with one bit changed is refused without asking the database, 100,000 times', () => {
    let accepted = 0
    for (let tried = 0; tried < 100_000; ) {
      const key = Buffer.from(newApiKey(merchant, 'service', false))
      for (let bit = 0; bit < key.length * 8 && tried < 100_000; bit++, tried++) {
        if (merchantOfKey(flip(key, bit).toString('latin1')) !== undefined) accepted++
      }
    }
    assert.equal(accepted, 0)
  })

  test('is refused in any other form', () => {
    const key = newApiKey(merchant, 'service', false)
    const wrong = [
      '',
      key.slice(0, -1),
      `${key}0`,
      ` ${key}`,
      `${key}\n`,
      key.replace('par_', 'sk_'),
      key.replace('svc', 'plt'),
    ]
    for (const text of wrong) assert.equal(merchantOfKey(text), undefined, text)
    fc.assert(fc.property(fc.string(), (text) => assert.equal(merchantOfKey(text), undefined)))
  })
})

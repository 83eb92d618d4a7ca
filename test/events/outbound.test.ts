import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createOutbound, type Resolve } from '#platform/outbound.ts'
import { isPublicAddress } from '#platform/outbound-addresses.ts'
import { answerWith, startReceiver } from './receiver.ts'

const refusedHosts = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '0x7f.1',
  '0x7f000001',
  '0177.0.0.1',
  '017700000001',
  '2130706433',
  '127.255.255.254',
  '127。0。0。1',
  '①②⑦.⓪.⓪.①',
  '%31%32%37.0.0.1',
  '0',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '012.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '168.63.129.16',
  '169.254.169.254',
  '169.254.0.1',
  '0xa9fea9fe',
  '2852039166',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '192.168.255.255',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:10.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[::ffff:8.8.8.8]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::1]',
  '[100::1]',
  '[2001::1]',
  '[2001:0:7f00:1::]',
  '[2001:10::1]',
  '[2001:db8::1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[3fff::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[5f00::1]',
  '[2620:4f:8000::1]',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'a.localhost',
  'db',
  'router.local',
  'metadata.google.internal',
  'printer.lan.',
]

const refusedUrls = [
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://example.com/',
  'javascript:alert(1)',
  'http://example.com/',
  'https://user@example.com/',
  'https://user:pw@example.com/',
  'https://example.com:0/',
  'https://',
  'example.com',
  '',
  '//example.com',
  'https://[fe80::1%25eth0]/',
  `https://example.com/${'a'.repeat(2048)}`,
  'https://exa mple.com/',
]

const acceptedUrls = [
  'https://example.com/hook',
  'https://example.com:8443/hook',
  'https://1.1.1.1/',
  'https://[2606:4700:4700::1111]/',
  'https://xn--bcher-kva.example/',
  'https://bücher.example/',
  'https://100.63.255.255/',
  'https://172.32.0.1/',
]

const message = (url: string) => ({ url, headers: {}, body: '{}' })
const answerTo =
  (address: string, ...more: string[]): Resolve =>
  async () =>
    [address, ...more].map((one) => ({ address: one, family: one.includes(':') ? 6 : 4 }))

describe('calling a URL that a stranger chose', () => {
  test('hosts that are not plainly public are refused, however they are written', async () => {
    const canary = await startReceiver()
    const outbound = createOutbound({ allowPrivate: false, resolve: answerTo('127.0.0.1') })
    const { port } = new URL(canary.url)
    assert.ok(refusedHosts.length >= 60)
    for (const host of refusedHosts) {
      for (const url of [`https://${host}:${port}/`, `http://${host}:${port}/`]) {
        assert.notEqual(outbound.refusal(url), undefined, url)
        assert.equal((await outbound.post(message(url))).ok, false, url)
      }
    }
    assert.equal(canary.connections, 0)
  })

  test('so are other protocols, credentials and what is no URL', async () => {
    const outbound = createOutbound({ allowPrivate: false })
    for (const url of refusedUrls) {
      assert.notEqual(outbound.refusal(url), undefined, url)
      assert.equal((await outbound.post(message(url))).ok, false, url)
    }
    for (const url of acceptedUrls) assert.equal(outbound.refusal(url), undefined, url)
  })

  test('a public name with an address that is not is refused when connecting', async () => {
    const canary = await startReceiver()
    const { port } = new URL(canary.url)
    const bad = [
      '127.0.0.1',
      '10.0.0.1',
      '169.254.169.254',
      '::1',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      'fe80::1%eth0',
      'nonsense',
    ]
    const answers: Resolve[] = [
      ...bad.map((address) => answerTo(address)),
      ...bad.map((address) => answerTo('93.184.215.14', address)), // one good answer does not excuse a bad one
      async () => [],
      async () => Promise.reject(new Error('SERVFAIL')),
    ]
    for (const resolve of answers) {
      const outbound = createOutbound({ allowPrivate: false, resolve })
      assert.equal(outbound.refusal(`https://rebind.example:${port}/`), undefined)
      const answer = await outbound.post(message(`https://rebind.example:${port}/`))
      assert.ok(!answer.ok)
      assert.match(answer.error, /not public|could not be resolved/)
    }
    assert.equal(canary.connections, 0)
  })

  test('a name is resolved once, and the socket gets exactly the addresses that were judged', async () => {
    const receiver = await startReceiver()
    const { port } = new URL(receiver.url)
    let asked = 0
    const resolve: Resolve = async () => {
      asked++
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const outbound = createOutbound({ allowPrivate: true, resolve })
    const answer = await outbound.post(message(`http://shop.example:${port}/hook`))
    assert.deepEqual(answer, { ok: true, status: 200, retryAfter: undefined })
    assert.equal(asked, 1)
    assert.equal(receiver.received[0]?.headers.host, `shop.example:${port}`)
  })

  test('a redirect is an answer and is not followed', async () => {
    const target = await startReceiver()
    const receiver = await startReceiver()
    receiver.answer = answerWith(302, { location: target.url })
    const answer = await createOutbound({ allowPrivate: true }).post(message(receiver.url))
    assert.ok(answer.ok)
    assert.equal(answer.status, 302)
    assert.equal(target.connections, 0)
  })

  test('silence, half an answer and a body without end all stop at the time limit or the size limit', async () => {
    const receiver = await startReceiver()
    const outbound = createOutbound({ allowPrivate: true, timeoutMs: 150 })
    receiver.answer = () => undefined
    assert.deepEqual(await outbound.post(message(receiver.url)), { ok: false, error: 'no answer within 150 ms' })
    receiver.answer = (response) => void response.socket?.destroy()
    assert.deepEqual(await outbound.post(message(receiver.url)), { ok: false, error: 'connection failed (ECONNRESET)' })
    receiver.answer = (response) => void response.writeHead(200).write('drip')
    assert.equal((await outbound.post(message(receiver.url))).ok, true)
    let sent = 0
    const chunk = Buffer.alloc(1024, 'x')
    receiver.answer = (response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
        if (!response.destroyed) response.once('drain', pour)
      }
      response.writeHead(200)
      pour()
    }
    const patient = createOutbound({ allowPrivate: true, timeoutMs: 10_000 })
    assert.equal((await patient.post(message(receiver.url))).ok, true)
    assert.ok(sent < 10 * 1024 * 1024, `${sent} bytes were taken`)
  })

  test('nobody there is an error without details of our network', async () => {
    const answer = await createOutbound({ allowPrivate: true }).post(message('http://127.0.0.1:1/'))
    assert.deepEqual(answer, { ok: false, error: 'connection failed (ECONNREFUSED)' })
  })

  test('the edges of the tables', () => {
    for (const address of [
      '9.255.255.255',
      '11.0.0.0',
      '100.128.0.0',
      '172.15.255.255',
      '223.255.255.255',
      '2001:200::1',
      '2a00::1',
    ]) {
      assert.equal(isPublicAddress(address), true, address)
    }
    for (const address of ['', 'example.com', '1.2.3', '1.2.3.4.5', '2a00::1%eth0', '2001:1ff::1', '4000::1']) {
      assert.equal(isPublicAddress(address), false, address)
    }
  })
})

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startFakeMessenger } from '../support/fake-messenger.ts'
import { deliver, type FakeUpdate } from '../support/fake-server.ts'
import { startFakeTelegram } from '../support/fake-telegram.ts'
import type { Invoice } from '../support/telegram-limits.ts'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'
import { caller, payOnThePage } from './chat-script.ts'

/** Runs an example as anybody would; it is stopped with Ctrl-C. */
const startBot = async (name: string, world: World, env: Record<string, string>) => {
  const file = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url))
  const own = { PATH: process.env.PATH ?? '', PARLEY_URL: world.url, PARLEY_KEY: world.shop.keys.service }
  const child = spawn(process.execPath, [file], { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  const isOpen = () => {
    if (child.exitCode !== null) throw new Error(`it ended by itself (${child.exitCode}):\n${output}`)
    return output.includes('Stop with Ctrl-C')
  }
  try {
    await until('the bot to be open', isOpen)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return { output: () => output, [Symbol.asyncDispose]: () => stop(child) }
}

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGINT')
  await exit
}

/** The bot answers events first and works afterwards: only what it has said tells that it is done. */
const createFollow =
  (world: World, bot: { output(): string }) =>
  async (isAnswered: () => boolean): Promise<void> => {
    const isDone = async (): Promise<boolean> => {
      await world.settle()
      return isAnswered()
    }
    await until('the bot to answer', isDone).catch(async ({ message }) => {
      const { data } = await caller(world, 'merchant').get('/v1/deliveries')
      assert.fail(`${message}\n${bot.output()}\n${JSON.stringify(data)}`)
    })
  }

const webhookUrl = async (world: World, channel: string): Promise<string> =>
  (await caller(world, 'service').get(`/v1/connections?channel=${channel}`)).data[0].webhook_url

test('examples/telegram-bot.ts sells a bouquet inside the chat', async () => {
  await using telegram = await startFakeTelegram({ token: '700:AAtoken', secret: 'unused' })
  await using world = await createWorld({ config: { channels: { telegram: telegram.url } } })
  const token = { TELEGRAM_BOT_TOKEN: '700:AAtoken', TELEGRAM_PROVIDER_TOKEN: 'TEST', TELEGRAM_API: telegram.url }
  await using bot = await startBot('telegram-bot', world, token)
  const follow = createFollow(world, bot)
  const set = telegram.sent.find(({ method }) => method === 'setWebhook')?.body
  const url = await webhookUrl(world, 'telegram')
  assert.equal(set?.url, url)
  const ana = telegram.person(9)
  /** As Telegram signs from now on. */
  const signed = (update: FakeUpdate): FakeUpdate => ({
    ...update,
    headers: { ...update.headers, 'x-telegram-bot-api-secret-token': String(set?.secret_token) },
  })
  const shown = () => telegram.sent.filter(({ method }) => method.startsWith('send'))

  await deliver(url, signed(ana.says('Hello')))
  await follow(() => shown().length === 1)
  assert.match(String(shown()[0]?.body.text), /Write “buy”/)
  await deliver(url, signed(ana.says('I want to buy')))
  await follow(() => shown().length === 2)
  const invoice = shown()[1]?.body as unknown as Invoice
  assert.deepEqual([shown()[1]?.method, invoice.currency, invoice.prices[0]?.amount], ['sendInvoice', 'EUR', 4200])
  await deliver(url, signed(ana.asks(invoice, { id: 'may I' })))
  assert.equal(telegram.answers.get('may I')?.ok, true)
  const paid = signed(ana.pays(invoice, 'tg_1'))
  await deliver(url, paid)
  await follow(() => shown().length === 4)
  const texts = shown().map(({ body }) => String(body.text))
  assert.equal(texts.filter((text) => text.includes('Paid €42.00')).length, 1)
  assert.equal(texts.filter((text) => text.includes('We are tying your bouquet')).length, 1)
  await deliver(url, paid)
  await world.settle()
  assert.equal(shown().length, 4)
  await world.verifyInvariants()
  assert.doesNotMatch(bot.output(), /Error/)
})

test('examples/messenger-bot.ts sells a bouquet on the hosted page', async () => {
  const page = { pageId: '108', token: 'EAAB-page', appSecret: 'app-secret' }
  await using messenger = await startFakeMessenger(page)
  await using world = await createWorld({ config: { channels: { meta: messenger.url } } })
  const secrets = {
    PAGE_ID: '108',
    PAGE_ACCESS_TOKEN: 'EAAB-page',
    APP_SECRET: 'app-secret',
    VERIFY_TOKEN: 'a word of ours',
  }
  await using bot = await startBot('messenger-bot', world, secrets)
  const follow = createFollow(world, bot)
  const url = await webhookUrl(world, 'messenger')
  assert.ok(bot.output().includes(url))
  const asked = await fetch(`${url}?hub.mode=subscribe&hub.verify_token=a%20word%20of%20ours&hub.challenge=1158201444`)
  assert.equal(await asked.text(), '1158201444')
  const ana = messenger.person('psid_ana')
  const count = (number: number) => () => messenger.sent.length === number
  const shown = () => messenger.sent.map(({ message }) => JSON.stringify(message))

  await deliver(url, ana.says('Hello'))
  await follow(count(1))
  assert.match(shown()[0] ?? '', /Write “buy”/)
  await deliver(url, ana.taps('BUY', 'Buy flowers'))
  await follow(count(2))
  const card = shown()[1] ?? ''
  assert.match(card, /€42\.00/)
  await payOnThePage(card, world, { tip_amount: '2.00' })
  await follow(count(4))
  assert.equal(shown().filter((text) => /"template_type":"receipt".*"total_cost":44[,}]/.test(text)).length, 1)
  assert.equal(shown().filter((text) => text.includes('We are tying your bouquet')).length, 1)
  await world.verifyInvariants()
  assert.doesNotMatch(bot.output(), /Error/)
})

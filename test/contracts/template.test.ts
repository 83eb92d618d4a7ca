import type { Currency } from '#kernel/currencies.ts'
import { providerContract } from './provider-contract.ts'
import type { ProviderHarness } from './provider-harness.ts'
import { type BankWire, createBank } from './template-bank.ts'
import { createTemplateProvider } from './template-provider.ts'

const secret = 'the bank and we know it'

/** The smallest harness: the bank of the template, without a network between. */
const templateHarness = async (): Promise<ProviderHarness> => {
  const bank = createBank(secret)
  const strangeWire: BankWire = async (request) => {
    const { status, body } = await bank.wire(request)
    return { status, body: JSON.parse(JSON.stringify(body).replaceAll(/"status":"\w+"/g, '"status":"TELEPORTED"')) }
  }
  return {
    provider: createTemplateProvider(bank.wire, secret),
    stranger: createTemplateProvider(strangeWire, secret),
    currency: 'eur' as Currency,
    methods: {
      good: 'good',
      declined: 'declined',
      needsAction: 'none',
      needsActionAlways: 'none',
      refundFails: 'bounces',
      refundPends: 'good',
    },
    missing: {
      payment: 'op_missing',
      charge: 'pay_missing',
      refund: 'op_missing',
      page: 'op_missing',
      method: 'none',
      dispute: 'none',
    },
    now: () => new Date(),
    spoilNext: async (how) => bank.spoil(how),
    act: async () => Promise.reject(new Error('the bank asks nothing')),
    payPage: async ({ ref }, method) => {
      if (method !== 'declined') bank.pay(ref, { bounces: method === 'bounces' })
    },
    settle: async () => bank.settle(),
    duplicateNext: async () => bank.duplicateNext(),
    notifications: async () => bank.take(),
    signed: (what) => bank.sign(JSON.stringify(made[what])),
    close: async () => undefined,
  }
}

const news = (type: string) => ({ id: 'n_1', type, at: '2026-11-22T10:00:00Z', data: {} })
const made = {
  'of no interest': news('bank.holiday'),
  'of an unknown type': news('order.teleported'),
  'no event': { number: 'op_1' },
}

providerContract('The template', [], templateHarness)

import type { ErrorCode } from '#kernel/error-catalogue.ts'

export const intentStatuses = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
] as const
export type IntentStatus = (typeof intentStatuses)[number]

/** What a client may ask of a payment intent. `page` opens the provider's hosted page. */
export type IntentCommand = 'update' | 'confirm' | 'page' | 'capture' | 'increment' | 'cancel'

const beforeMoney = ['requires_payment_method', 'requires_confirmation', 'requires_action'] as const

const allowed: Record<IntentCommand, readonly IntentStatus[]> = {
  update: [...beforeMoney, 'requires_capture', 'processing', 'succeeded', 'canceled'],
  confirm: beforeMoney,
  page: ['requires_payment_method', 'requires_confirmation'],
  capture: ['requires_capture'],
  increment: ['requires_capture'],
  cancel: [...beforeMoney, 'requires_capture', 'processing'],
}

const participle: Record<IntentCommand, string> = {
  update: 'updated',
  confirm: 'confirmed',
  page: 'paid on the hosted page',
  capture: 'captured',
  increment: 'incremented',
  cancel: 'canceled',
}

export type Verdict = { ok: true } | { ok: false; code: ErrorCode; message: string }

/** Whether a command fits the status; the refusal is worded as Stripe words it. */
export const checkCommand = (status: IntentStatus, command: IntentCommand): Verdict => {
  if (allowed[command].includes(status)) return { ok: true }
  return {
    ok: false,
    code: 'payment_intent_unexpected_state',
    message:
      `This PaymentIntent could not be ${participle[command]} because it has a status of ${status}. ` +
      `Only a PaymentIntent with one of the following statuses may be ${participle[command]}: ${allowed[command].join(', ')}.`,
  }
}

/**
 * Which states the provider's view may lead to. A state that is not listed is old news (the provider was asked before
 * something we know already), except money after the end, which `judgeNews` calls a conflict.
 */
const followers: Record<IntentStatus, readonly IntentStatus[]> = {
  requires_payment_method: [
    'requires_confirmation',
    'requires_action',
    'processing',
    'requires_capture',
    'succeeded',
    'canceled',
  ],
  requires_confirmation: [
    'requires_payment_method',
    'requires_action',
    'processing',
    'requires_capture',
    'succeeded',
    'canceled',
  ],
  requires_action: [
    'requires_payment_method',
    'requires_confirmation',
    'processing',
    'requires_capture',
    'succeeded',
    'canceled',
  ],
  processing: ['requires_payment_method', 'requires_capture', 'succeeded', 'canceled'],
  requires_capture: ['processing', 'succeeded', 'canceled'],
  succeeded: [],
  canceled: [],
}

const holdsMoney: readonly IntentStatus[] = ['processing', 'requires_capture', 'succeeded']

/** What the provider's state means for ours: the same, a step forward, old news, or money where none may be. */
export const judgeNews = (ours: IntentStatus, theirs: IntentStatus): 'same' | 'forward' | 'stale' | 'conflict' => {
  if (ours === theirs) return 'same'
  if (followers[ours].includes(theirs)) return 'forward'
  return ours === 'canceled' && holdsMoney.includes(theirs) ? 'conflict' : 'stale'
}

export const isTerminal = (status: IntentStatus): boolean => followers[status].length === 0

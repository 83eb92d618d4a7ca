/** What a payer can find a payment in. */
export type PageState =
  | 'payable'
  | 'working'
  | 'confirm'
  | 'declined'
  | 'processing'
  | 'checking'
  | 'authorised'
  | 'paid'
  | 'refunded'
  | 'expired'
  | 'canceled'
  | 'missing'
  | 'foreign'
  | 'unreachable'
  /** Another tap, or another person, was faster. */
  | 'already'
  /** An order that costs nothing. */
  | 'free'
  | 'placed'
  /** In money that only a chat app takes, and none is there. */
  | 'unpayable'
  /** Handed over on our own page: by a code, one that is too old, inside the provider's app, or by opening that. */
  | 'scan'
  | 'lapsed'
  | 'inApp'
  | 'openApp'
  /** The provider's own fields for a card, on our page. */
  | 'fields'

/** Why a card was declined, as far as a payer may know: lost, stolen and suspected cards are just declined. */
export type DeclineReason =
  | 'generic'
  | 'funds'
  | 'expired'
  | 'cvc'
  | 'number'
  | 'processing'
  | 'limit'
  | 'authentication'

/** What a form can ask for. */
export type FieldName =
  | 'name'
  | 'email'
  | 'phone'
  | 'country'
  | 'line1'
  | 'line2'
  | 'postal_code'
  | 'city'
  | 'state'
  | 'shipping_option'
  | 'tip_amount'
  | 'promotion_code'

interface StateText {
  title: string
  sentence: string
}

/** Every sentence of the pages. `{merchant}`, `{amount}`, `{channel}`, `{when}`, `{method}` are filled in. */
export interface Texts {
  pay: string
  via: string
  delivery: string
  tax: string
  expires: string
  securePage: string
  /** The Pay button leads to an invoice in the chat app. */
  payInChat: string
  /** The chat app says that somebody else has opened the page. */
  askedOfOther: string
  cancel: string
  backToChat: string
  backToChannel: string
  tryAgain: string
  anotherCard: string
  proceed: string
  confirm: string
  nothingCharged: string
  showReceipt: string
  states: Record<Exclude<PageState, 'payable' | 'declined'>, StateText>
  declined: { title: string; reasons: Record<DeclineReason, string> }
  /** Cards that are kept for the next time. `save` is what the payer agrees to. */
  kept: { pay: string; another: string; save: string; always: string; remove: string; card: string }
  /** Paying with a provider's own app, which is the `{channel}` here and in the four states that are about it. */
  handover: {
    payWith: string
    alt: string
    /** Beside a code on the very phone that would have to scan it. */
    onPhone: string
    /** On a phone, in another app. */
    openInside: string
    newCode: string
    codeInstead: string
    open: string
    havePaid: string
    canceled: string
    failed: string
    silent: string
    simulated: string
  }
  /** Beside the provider's own fields. */
  fields: { label: string; failed: string; elsewhere: string }
  /** The page of what is kept for a payer. `later` is what they agree to where they are charged without them. */
  methods: {
    title: string
    sentence: string
    none: string
    later: string
    agree: string
    saved: string
    failed: string
    waiting: string
  }
  /** The form of an order. */
  order: {
    contact: string
    address: string
    tip: string
    noTip: string
    code: string
    apply: string
    remove: string
    update: string
    place: string
    optional: string
    chooseCountry: string
    fields: Record<FieldName, string>
    /** One sentence for each thing that is wrong. `{amount}`: the most that is taken as a tip. */
    problems: Record<Exclude<FieldName, 'line2'> | 'region' | 'tip_max', string>
    check: string
    totalChanged: string
    refused: string
    tryLater: string
    sendTo: string
  }
  chat: { title: string; message: string; send: string; notSent: string }
  closePage: string
  language: string
  receipt: {
    title: string
    paid: string
    reserved: string
    date: string
    method: string
    /** What left the payer's own account, where that is another amount. */
    payer: string
    number: string
    refund: Record<'succeeded' | 'pending' | 'failed', string>
    kept: string
    contact: string
  }
  test: {
    mode: string
    cards: string
    hint: string
    succeeds: string
    declines: string
    confirms: string
    wrong: string
  }
}

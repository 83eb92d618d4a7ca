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

interface StateText {
  title: string
  sentence: string
}

/** Every sentence of the pages. `{merchant}`, `{amount}`, `{channel}`, `{when}` are filled in. */
export interface Texts {
  pay: string
  via: string
  delivery: string
  tax: string
  expires: string
  securePage: string
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
  receipt: {
    title: string
    paid: string
    reserved: string
    date: string
    method: string
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

import { type MoneyEvent, notNegative, type Posting, posting } from './posting.ts'

/** What people keep with us and pass on: a wallet is 2020 of its user, a hold 203x of what it is held for. */
type WalletEvent = MoneyEvent & { readonly amount: bigint }

/** A wallet topped up by a charge: Dr 1110 / Cr 2020. */
export const postToppedUp = (event: WalletEvent & { providerChargeRef: string; user: string }): Posting | undefined => {
  const amount = notNegative('a top-up', event.amount)
  const { providerChargeRef: ref, user } = event
  return posting(event, { ref, kind: 'topup', description: `Wallet topped up by ${ref}` }, [
    ['1110', amount],
    ['2020', -amount, user],
  ])
}

/** A red packet funded from a wallet: Dr 2020 / Cr 2030. */
export const postPacketFunded = (event: WalletEvent & { packetId: string; user: string }): Posting | undefined => {
  const amount = notNegative('a red packet', event.amount)
  const { packetId: ref, user } = event
  return posting(event, { ref, kind: 'hold', description: `Red packet ${ref}` }, [
    ['2020', amount, user],
    ['2030', -amount, ref],
  ])
}

/** A share of a red packet claimed, once by each user: Dr 2030 / Cr 2020. */
export const postPacketClaimed = (event: WalletEvent & { packetId: string; user: string }): Posting | undefined => {
  const amount = notNegative('a claim', event.amount)
  const { packetId: ref, user } = event
  return posting(event, { ref, kind: 'claim', part: user, description: `Claimed from red packet ${ref}` }, [
    ['2030', amount, ref],
    ['2020', -amount, user],
  ])
}

/** What nobody claimed goes back to whom it came from: Dr 2030 / Cr 2020. */
export const postPacketExpired = (event: WalletEvent & { packetId: string; user: string }): Posting | undefined => {
  const amount = notNegative('the rest of a red packet', event.amount)
  const { packetId: ref, user } = event
  return posting(event, { ref, kind: 'expire', description: `Red packet expired ${ref}` }, [
    ['2030', amount, ref],
    ['2020', -amount, user],
  ])
}

type TransferEvent = WalletEvent & { readonly transferId: string }

/** Passed from one wallet to another at once: Dr 2020 / Cr 2020. */
export const postWalletTransferred = (event: TransferEvent & { from: string; to: string }): Posting | undefined => {
  const amount = notNegative('a transfer', event.amount)
  const { transferId: ref, from, to } = event
  if (from === to) throw new RangeError(`transfer ${ref} goes from a wallet to itself`)
  return posting(event, { ref, kind: 'wallet_transfer', description: `Transfer ${ref}` }, [
    ['2020', amount, from],
    ['2020', -amount, to],
  ])
}

/** Offered, to be accepted: Dr 2020 / Cr 2032. */
export const postTransferOffered = (event: TransferEvent & { from: string }): Posting | undefined => {
  const amount = notNegative('a transfer', event.amount)
  const { transferId: ref, from } = event
  return posting(event, { ref, kind: 'transfer_offer', description: `Transfer offered ${ref}` }, [
    ['2020', amount, from],
    ['2032', -amount, ref],
  ])
}

/** Accepted: Dr 2032 / Cr 2020. */
export const postTransferAccepted = (event: TransferEvent & { to: string }): Posting | undefined => {
  const amount = notNegative('a transfer', event.amount)
  const { transferId: ref, to } = event
  return posting(event, { ref, kind: 'transfer_accept', description: `Transfer accepted ${ref}` }, [
    ['2032', amount, ref],
    ['2020', -amount, to],
  ])
}

/** Declined, or not accepted in time: Dr 2032 / Cr 2020, back to where it came from. */
export const postTransferDeclined = (event: TransferEvent & { from: string }): Posting | undefined => {
  const amount = notNegative('a transfer', event.amount)
  const { transferId: ref, from } = event
  return posting(event, { ref, kind: 'transfer_decline', description: `Transfer declined ${ref}` }, [
    ['2032', amount, ref],
    ['2020', -amount, from],
  ])
}

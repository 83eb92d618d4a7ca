import type { ProviderAnswer } from './provider.ts'

/** The provider's own fields for a card, shown in a frame of the provider's on a page of ours. */
export interface FieldsCalls {
  /**
   * What the provider's script needs to show the fields of a page that is open (`PageCommand.use`). Asked for when the
   * page is shown and kept nowhere. `ok` with undefined: the page is not open any more.
   */
  access(query: { pageRef: string }): Promise<ProviderAnswer<FieldsAccess | undefined>>
}

export interface FieldsAccess {
  /** Lets whoever has it pay this one payment, and nothing else. */
  clientSecret: string
  publishableKey: string
  /** The account that takes the money, where it is connected to the key's own. */
  account?: string
}

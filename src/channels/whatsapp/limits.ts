/** …/business-messaging/whatsapp/messages and …/payments/payments-in/pg (2026-07): characters unless said otherwise. */
export const limits = {
  text: 4096,
  body: 1024,
  header: 60,
  footer: 60,
  displayText: 20,
  url: 2000,
  replyButtons: 3,
  replyTitle: 20,
  replyId: 256,
  itemName: 60,
  partDescription: 60,
  expiryDescription: 120,
  statusDescription: 120,
  items: 50,
  /** With more, pictures of items are refused. */
  itemsWithImages: 10,
  leastExpirySeconds: 300,
} as const

/** Ours, so that a chat system can count on them. */
export const limits = { text: 4096, buttons: 10, buttonTitle: 100, url: 2048 } as const

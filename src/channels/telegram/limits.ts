/** https://core.telegram.org/bots/api (10.1): characters unless another unit is named. */
export const limits = {
  text: 4096,
  caption: 1024,
  title: 32,
  description: 255,
  payloadBytes: 128,
  startParameter: 64,
  callbackBytes: 64,
  /** Not documented; longer ones are cut off on the screen. */
  button: 64,
  url: 2048,
  buttons: 8,
  suggestedTips: 4,
  /** Not documented; a toast shows no more. */
  errorMessage: 200,
} as const

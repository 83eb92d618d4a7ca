import type { WechatpaySandbox, WechatpaySandboxOptions } from './options.ts'

export async function startWechatpaySandbox(options: WechatpaySandboxOptions): Promise<WechatpaySandbox> {
  throw new Error(`not built yet: ${options.port}`)
}

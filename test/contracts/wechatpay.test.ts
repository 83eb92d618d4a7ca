import { providerContract } from './provider-contract.ts'
import { wechatpayHarness } from './wechatpay-harness.ts'

providerContract('WeChat Pay', wechatpayHarness)

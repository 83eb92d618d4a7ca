import { providerContract } from './provider-contract.ts'
import { wechatpayFeatures, wechatpayHarness } from './wechatpay-harness.ts'

providerContract('WeChat Pay', wechatpayFeatures, wechatpayHarness)

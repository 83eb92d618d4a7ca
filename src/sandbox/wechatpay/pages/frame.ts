import { createNotice } from '#sandbox/kit/notice.ts'
import { createFrame } from '#sandbox/kit/page.ts'
import { STYLE } from './style.ts'

export const sendPage = createFrame(STYLE)
export const noticePage = createNotice({ title: 'WeChat Pay', mode: 'Simulated', onward: 'Back to the shop' })

import type { Request, Response } from 'express'
import { isForeignPost } from '#pages/web/answer.ts'
import { passSeconds } from '#payments/opener-service.ts'
import { type Desk, tokenOf } from './desk.ts'
import { passName } from './pass.ts'

/**
 * The proof of a chat app, as text, of who has opened this payment's page. When it is the payer, the browser gets a pass
 * for this page alone; `to` is where the page goes on, if it has anything else to show. Refused: 401, 403 or 404.
 */
export const identify = async (desk: Desk, request: Request, response: Response): Promise<void> => {
  response.set('Cache-Control', 'no-store')
  const token = tokenOf(request)
  if (isForeignPost(request)) return refuse(response, 403, 'The request came from another site.')
  const proof = typeof request.body === 'string' ? request.body : ''
  const opener = await desk.payments.identify(token, proof)
  const path = `/pay/${encodeURIComponent(token)}`
  if (opener.ok) {
    const secure = desk.publicUrl.startsWith('https:')
    const life = { path, maxAge: passSeconds * 1000, httpOnly: true, sameSite: 'lax', secure } as const
    response.cookie(passName, opener.pass, life).json({ to: opener.hasCustomer ? path : null })
  } else if (opener.reason === 'other') {
    refuse(response, 403, 'This payment was asked of somebody else.', `${path}?other=1`)
  } else if (opener.reason === 'nobody') {
    refuse(response, 403, 'Nobody in particular is asked to pay this.')
  } else if (opener.reason === 'unproven') {
    refuse(response, 401, 'The proof is forged, too old, or of another bot. Open the page from the chat again.')
  } else {
    refuse(response, 404, 'No such payment, or its chat cannot say who opens it.')
  }
}

const refuse = (response: Response, status: number, message: string, to: string | null = null): void => {
  response.status(status).json({ error: { message }, to })
}

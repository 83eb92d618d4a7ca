/**
 * A stand-in for Stripe.js, as far as a page with the Payment Element uses it: the fields are a frame of the simulator's, and
 * the page learns of them what it learns of Stripe's.
 */
export const STRIPE_JS = `
(() => {
  const origin = new URL(document.currentScript.src).origin
  const failure = (message) => ({ error: { type: 'api_connection_error', message } })
  window.Stripe = (key) => {
    if (!/^pk_test_/.test(key)) throw new Error('Stripe(): the simulator takes publishable test keys, pk_test_')
    const ask = (frame, message) =>
      new Promise((resolve) => {
        const hear = ({ source, origin: from, data }) => {
          if (source !== frame.contentWindow || from !== origin || data.answers !== message.kind) return
          removeEventListener('message', hear)
          resolve(data)
        }
        addEventListener('message', hear)
        frame.contentWindow.postMessage(message, origin)
      })
    const go = ({ error, url }, back) => {
      if (error) return { error }
      location.assign(url ?? back)
      // As Stripe's: the page is left, and nobody hears anything more.
      return new Promise(() => {})
    }
    return {
      elements: ({ clientSecret }) => ({
        create: (type) => {
          if (type !== 'payment') throw new Error('the simulator has the payment element only')
          const frame = document.createElement('iframe')
          const heard = { ready: [], loaderror: [] }
          frame.title = 'Secure payment input frame'
          frame.src = origin + '/_sandbox/element?client_secret=' + encodeURIComponent(clientSecret)
          frame.setAttribute('width', '100%')
          frame.setAttribute('height', '420')
          frame.setAttribute('frameborder', '0')
          frame.addEventListener('load', () => heard.ready.forEach((call) => call({ elementType: 'payment' })))
          return { frame, on: (event, call) => heard[event]?.push(call), mount: (place) => place.append(frame), element: true }
        },
      }),
      confirmPayment: async ({ confirmParams }) => {
        const frame = document.querySelector('iframe[src^="' + origin + '/_sandbox/element"]')
        if (!frame) return failure('the element is not mounted')
        const back = confirmParams.return_url
        return go(await ask(frame, { kind: 'confirm', returnUrl: back }), back)
      },
      handleNextAction: async ({ clientSecret }) =>
        go({ url: origin + '/3ds/' + clientSecret.split('_secret_')[0] }, location.href),
    }
  }
})()
`

/** Inside the frame: the card that was chosen is sent to the simulator when the page around says so. */
export const ELEMENT_JS = `
addEventListener('message', async ({ source, origin, data }) => {
  if (source !== parent || data.kind !== 'confirm') return
  const body = new URLSearchParams(new FormData(document.querySelector('form')))
  body.set('return_url', data.returnUrl)
  const answer = await fetch('/_sandbox/element', { method: 'POST', body })
    .then((response) => response.json())
    .catch(() => ({ error: { type: 'api_connection_error', message: 'The simulator does not answer.' } }))
  source.postMessage({ answers: 'confirm', ...answer }, origin)
})
`

// Pays in the provider's own fields: its script draws them in a frame of its own, and nothing of what is typed is seen here.
const mount = document.getElementById('fields')
const button = document.getElementById('pay')
const problem = document.getElementById('problem')

const tell = (words) => {
  problem.textContent = words ?? problem.dataset.failed
  problem.hidden = false
}

const start = () => {
  const { key, secret, account, locale, waiting } = mount.dataset
  const back = new URL(mount.dataset.return, location.href).href
  const stripe = window.Stripe(key, account ? { stripeAccount: account, locale } : { locale })
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches
  const elements = stripe.elements({ clientSecret: secret, appearance: { theme: isDark ? 'night' : 'stripe' } })
  const element = elements.create('payment')

  const pay = async () => {
    button.disabled = true
    problem.hidden = true
    const { error } =
      waiting === undefined
        ? await stripe.confirmPayment({ elements, confirmParams: { return_url: back } })
        : await stripe.handleNextAction({ clientSecret: secret })
    // Whatever it says, the server asks the provider: a word of this page has never paid anything.
    if (!error) return location.replace(back)
    button.disabled = false
    // What does not fit any more is said better by the page, which knows how the payment stands.
    if (error.type === 'invalid_request_error') return location.replace(back)
    tell(error.message)
  }

  element.on('ready', () => {
    button.hidden = false
  })
  element.on('loaderror', () => tell())
  button.addEventListener('click', pay)
  if (waiting === undefined) element.mount(mount)
  else button.hidden = false
}

if (mount && window.Stripe) start()
else if (mount) tell()

// Keeps the total in step with what is chosen. Without it the same form is posted and the page drawn anew.
const form = document.querySelector('form.order')
let turn = 0

const renew = async (button) => {
  turn += 1
  const mine = turn
  const body = new URLSearchParams(new FormData(form, button))
  if (!button) body.set('do', 'update')
  form.setAttribute('aria-busy', 'true')
  try {
    const answer = await fetch(form.action, { method: 'POST', body })
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    if (mine === turn) show(fresh)
  } catch {
    // Offline, or another page: the browser says it better.
    form.requestSubmit(button ?? form.querySelector('[hidden]'))
  }
}

const show = (fresh) => {
  const next = fresh.querySelector('form.order')
  if (!next) throw new Error('the order has moved on')
  const focused = document.activeElement?.id
  const typed = document.activeElement?.value
  const alert = fresh.getElementById('alert')
  document.getElementById('alert')?.remove()
  if (alert) document.querySelector('.who').after(alert)
  for (const part of document.querySelectorAll('[data-live]')) {
    const other = fresh.getElementById(part.id)
    if (other && other.innerHTML !== part.innerHTML) part.innerHTML = other.innerHTML
  }
  form.action = next.action
  form.removeAttribute('aria-busy')
  document.title = fresh.title
  const again = focused ? document.getElementById(focused) : null
  if (again && again !== document.activeElement) {
    if (again.type === 'text') again.value = typed
    again.focus({ preventScroll: true })
  }
}

form?.addEventListener('change', (event) => {
  if (event.target.matches('[data-renew]')) renew()
})
form?.addEventListener('submit', (event) => {
  if (!event.submitter?.matches('[data-renew]')) return
  event.preventDefault()
  renew(event.submitter)
})

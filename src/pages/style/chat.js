// Keeps the web chat live. Without it every message still goes out: the page is loaded anew.
const scroller = document.querySelector('.scroller')
const list = document.getElementById('messages')
const form = document.querySelector('.composer')
const notSent = document.getElementById('not-sent')
const calm = matchMedia('(prefers-reduced-motion: reduce)')

/** Puts a piece in its place: instead of its older self, or among its neighbours by their keys. */
const place = ({ id, key, version, markup }) => {
  const old = document.getElementById(id)
  if (old?.dataset.version === version) return false
  const template = document.createElement('template')
  template.innerHTML = markup
  const fresh = template.content.firstElementChild
  if (old) {
    old.replaceWith(fresh)
    return false
  }
  fresh.classList.add('new')
  list.insertBefore(fresh, [...list.children].find((one) => one.dataset.key > key) ?? null)
  return true
}

const source = new EventSource(form.dataset.events)
source.addEventListener('pieces', (event) => {
  const isNews = JSON.parse(event.data).map(place).some(Boolean)
  if (isNews) scroller.scrollTo({ top: scroller.scrollHeight, behavior: calm.matches ? 'auto' : 'smooth' })
})

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const body = new URLSearchParams(new FormData(form))
  const field = form.elements.text
  notSent.hidden = true
  form.setAttribute('aria-busy', 'true')
  try {
    const answer = await fetch(form.action, { method: 'POST', body, headers: { 'x-script': '1' } })
    if (!answer.ok) throw new Error(answer.statusText)
    field.value = ''
  } catch {
    notSent.hidden = false
  }
  form.removeAttribute('aria-busy')
  field.focus()
})

// The site that shows us closes its panel; it learns nothing but this.
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && parent !== window) parent.postMessage('parley:close', '*')
})

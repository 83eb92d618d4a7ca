// Keeps the demo live. Without it every button still works: it reloads the page.
const calm = matchMedia('(prefers-reduced-motion: reduce)')
const scroller = document.querySelector('.scroller')
const messages = document.getElementById('messages')
const waiting = []
let talking = false
let source

/** Puts a piece in its place: instead of its older self, or among its neighbours by their keys. */
const place = ({ list, id, key, version, markup }) => {
  const old = document.getElementById(id)
  if (old?.dataset.version === version) return
  const template = document.createElement('template')
  template.innerHTML = markup
  const fresh = template.content.firstElementChild
  if (old) {
    const opened = [...old.querySelectorAll('details')].map((one) => one.open)
    fresh.querySelectorAll('details').forEach((one, index) => {
      one.open = opened[index] ?? false
    })
    old.replaceWith(fresh)
    return
  }
  const parent = document.getElementById(list)
  const isUp = parent.dataset.order !== 'down'
  const after = [...parent.children].find((one) => (isUp ? one.dataset.key > key : one.dataset.key < key))
  fresh.classList.add('new')
  parent.insertBefore(fresh, after ?? null)
}

const dots = () => {
  const item = document.createElement('li')
  item.className = 'item bot typing'
  item.setAttribute('aria-hidden', 'true')
  item.innerHTML = '<p class="bubble"><i></i><i></i><i></i></p>'
  return item
}
let typing
const startTyping = () => {
  typing ??= dots()
  typing.dataset.key = '~'
  messages.append(typing)
  toEnd()
}
const stopTyping = () => {
  typing?.remove()
  typing = undefined
}

const toEnd = () => scroller.scrollTo({ top: scroller.scrollHeight, behavior: calm.matches ? 'auto' : 'smooth' })

/** What the bot says comes one after the other, as if it were typed. */
const talk = () => {
  const next = waiting.shift()
  if (!next) {
    talking = false
    return
  }
  talking = true
  const isBot = next.list === 'messages' && /class="item bot/.test(next.markup) && !document.getElementById(next.id)
  if (!isBot || calm.matches || document.hidden) {
    place(next)
    if (next.list === 'messages') toEnd()
    talk()
    return
  }
  startTyping()
  setTimeout(() => {
    stopTyping()
    place(next)
    toEnd()
    talk()
  }, 420)
}

const receive = (pieces) => {
  const isFor = (side) => (piece) => (piece.list === 'messages' || piece.list === 'replies') === side
  for (const piece of pieces.filter(isFor(false))) place(piece)
  waiting.push(...pieces.filter(isFor(true)))
  if (!talking) talk()
}

const listen = () => {
  source = new EventSource('/demo/events')
  source.addEventListener('pieces', (event) => receive(JSON.parse(event.data)))
}

document.addEventListener('submit', async (event) => {
  const form = event.target
  if (!form.matches('[data-say]')) return
  event.preventDefault()
  const body = new URLSearchParams(new FormData(form, event.submitter))
  form.reset()
  event.submitter?.setAttribute('aria-busy', 'true')
  try {
    const answer = await fetch(form.getAttribute('action'), { method: 'POST', body, headers: { 'x-script': '1' } })
    if (!answer.ok || source?.readyState === EventSource.CLOSED) location.reload()
  } catch {
    location.reload()
  }
  event.submitter?.removeAttribute('aria-busy')
})

// Back from the checkout by the browser's own button: what the page showed may be old.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
listen()

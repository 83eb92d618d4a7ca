// While somebody pays in another app: asks how it stands, and taps the bridge of the app around the page, if there is one.
const main = document.querySelector('main')
const button = document.getElementById('bridge')
const query = new URLSearchParams(location.search)
let turn = Number(query.get('hand')) || 1
let timer

const look = async () => {
  clearTimeout(timer)
  turn = Math.min(turn + 1, 999)
  query.set('hand', String(turn))
  query.delete('by')
  try {
    const answer = await fetch(`${location.pathname}?${query}`)
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const next = fresh.querySelector('main')
    if (answer.redirected || !next || next.dataset.state !== main.dataset.state) return location.replace(answer.url)
    for (const part of document.querySelectorAll('[data-live]')) {
      const other = fresh.getElementById(part.id)
      if (other && other.innerHTML !== part.innerHTML) part.innerHTML = other.innerHTML
    }
  } catch {
    // Offline: the next look may be luckier.
  }
  wait()
}

const wait = () => {
  timer = setTimeout(look, turn < 60 ? 3000 : 10_000)
}

// Back from the other app: nobody waits for the next look.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) look()
})
wait()

const bridge = () =>
  new Promise((resolve) => {
    if (window.WeixinJSBridge) resolve(window.WeixinJSBridge)
    document.addEventListener('WeixinJSBridgeReady', () => resolve(window.WeixinJSBridge), { once: true })
    setTimeout(resolve, 4000)
  })

const pay = async () => {
  button.disabled = true
  const weixin = await bridge()
  // Whatever it says, the server asks WeChat: a word of this page has never paid anything.
  const tell = (by) => location.replace(button.dataset.next.replace('by=', `by=${by}`))
  if (!weixin) return tell('none')
  weixin.invoke('getBrandWCPayRequest', JSON.parse(button.dataset.params), (answer) => {
    const said = /:(ok|cancel|fail)/.exec(answer?.err_msg ?? '')
    tell(said ? said[1] : 'fail')
  })
}

button?.addEventListener('click', pay)
if (button?.dataset.first !== undefined) pay()

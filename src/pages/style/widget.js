// <script src="https://…/chat/widget.js" data-token="…" data-label="Chat" data-accent="#2f6fed" defer></script>
;(() => {
  const { src, dataset } = document.currentScript
  const { token, label = 'Chat', accent = '#2f6fed' } = dataset
  if (!token || document.getElementById('parley-chat')) return
  const base = src.replace(/\/chat\/widget\.js.*$/, '')
  const style = (element, rules) => Object.assign(element.style, rules)
  const fixed = { position: 'fixed', zIndex: '2147483000', insetInlineEnd: '20px', border: '0' }

  const button = document.createElement('button')
  button.type = 'button'
  button.id = 'parley-chat'
  button.setAttribute('aria-label', label)
  button.setAttribute('aria-expanded', 'false')
  button.setAttribute('aria-controls', 'parley-frame')
  const look = { inlineSize: '56px', blockSize: '56px', borderRadius: '50%', background: accent, color: '#fff' }
  style(button, { ...fixed, ...look, insetBlockEnd: '20px', cursor: 'pointer', font: '24px/1 system-ui' })
  style(button, { boxShadow: '0 2px 12px rgb(0 0 0 / .25)' })
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const bubble = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  svg.setAttribute('viewBox', '0 0 24 24')
  style(svg, { inlineSize: '26px', verticalAlign: 'middle' })
  bubble.setAttribute('fill', 'currentColor')
  bubble.setAttribute(
    'd',
    'M12 4c5 0 9 3.2 9 7.4 0 4.1-4 7.4-9 7.4-.9 0-1.8-.1-2.6-.3L5 20.6l.8-3.3C4 15.9 3 13.7 3 11.4 3 7.200 7 4 12 4z',
  )
  svg.append(bubble)
  button.append(svg)

  const frame = document.createElement('iframe')
  frame.id = 'parley-frame'
  frame.title = label
  frame.hidden = true
  style(frame, { ...fixed, insetBlockEnd: '88px', background: 'Canvas', borderRadius: '12px', colorScheme: 'normal' })
  style(frame, { inlineSize: 'min(400px, calc(100vw - 40px))', blockSize: 'min(640px, calc(100dvh - 108px))' })
  style(frame, { boxShadow: '0 4px 32px rgb(0 0 0 / .25)' })

  const show = (isOpen) => {
    // Nothing is loaded before somebody wants to talk.
    if (isOpen && !frame.src) frame.src = `${base}/chat/${encodeURIComponent(token)}`
    frame.hidden = !isOpen
    button.setAttribute('aria-expanded', String(isOpen))
    if (isOpen) frame.focus()
    else button.focus()
  }
  button.addEventListener('click', () => show(frame.hidden))
  addEventListener('message', (event) => {
    if (event.source === frame.contentWindow && event.data === 'parley:close') show(false)
  })
  const mount = () => document.body.append(button, frame)
  if (document.body) mount()
  else addEventListener('DOMContentLoaded', mount)
})()

// A chat app that opens the page inside itself says in the address who it is for; the server looks whether that is true.
const proof = new URLSearchParams(location.hash.slice(1)).get('tgWebAppData')
const here = location.pathname + location.search

const identify = async () => {
  // The proof is a key to its owner's account elsewhere: it does not stay in the address.
  history.replaceState(null, '', here)
  const answer = await fetch(`${location.pathname}/identify`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: proof,
  })
  const { to } = await answer.json()
  if (to) location.replace(to)
}

// Offline, or refused: the page is the one that everybody gets.
if (proof) identify().catch(() => undefined)

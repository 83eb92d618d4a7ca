import { type Html, html, nothing } from '#pages/web/html.ts'
import { fill } from './fill.ts'
import { linkTo, type Scene } from './frame.ts'

/** Where the provider's script puts its frame. What is typed stays in there. */
export const fieldsFrame = (scene: Scene): Html => {
  const { access, page, texts, language } = scene
  if (!access) return nothing
  const { clientSecret, publishableKey, account } = access
  const isWaiting = page.intent.status === 'requires_action'
  return html`<div id="fields" class="fields" role="group" aria-label="${texts.fields.label}" data-key="${publishableKey}" data-secret="${clientSecret}"${account ? html` data-account="${account}"` : nothing} data-locale="${language.tag}" data-return="${linkTo(scene, { returned: 1 })}"${isWaiting ? html` data-waiting` : nothing}></div>`
}

/** The button that has the frame pay. Without scripts, or where theirs is blocked, the provider's own page is a tap away. */
export const fieldsButtons = (scene: Scene, amount: string): Html => {
  const { access, page, texts } = scene
  const { failed, elsewhere } = texts.fields
  const label = page.intent.status === 'requires_action' ? html`${texts.confirm}` : fill(texts.pay, { amount })
  return html`<p class="alert" id="problem" role="alert" data-failed="${failed}"${access ? html` hidden` : nothing}>${access ? nothing : failed}</p>
${access ? html`<button class="button" type="button" id="pay" hidden><span>${label}</span></button>` : nothing}
<form class="again" method="post" action="${linkTo(scene)}"><button class="button quiet" name="again" value="elsewhere"><span>${elsewhere}</span></button></form>`
}

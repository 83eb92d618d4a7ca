import { createHash } from 'node:crypto'
import { type Html, html } from '#pages/web/html.ts'

/** A piece of the page that is kept up to date by itself: drawn with the page, sent again when it has changed. */
export interface Fragment {
  /** Id of the element that holds it. */
  list: 'messages' | 'replies' | 'shop' | 'lines' | 'counts'
  id: string
  /** Sorts the pieces of one list. */
  key: string
  version: string
  markup: string
}

/** `inner` becomes the content of one element; its name and class are ours. */
export const fragment = (
  list: Fragment['list'],
  id: string,
  key: string,
  element: { tag: 'li' | 'div'; class: string },
  inner: Html,
): Fragment => {
  const version = createHash('sha256').update(element.class).update(inner.markup).digest('base64url').slice(0, 10)
  const attributes = html` id="${id}" class="${element.class}" data-key="${key}" data-version="${version}"`
  return { list, id, key, version, markup: `<${element.tag}${attributes.markup}>${inner.markup}</${element.tag}>` }
}

export const draw = (fragments: readonly Fragment[], list: Fragment['list']): Html => ({
  markup: fragments
    .filter((one) => one.list === list)
    .map(({ markup }) => markup)
    .join('\n'),
})

// Tables, and lists that load page by page.

import { fill, h } from './dom.js';
import { button, empty, failure, loading } from './parts.js';
import { number } from './time.js';

/** @typedef {import('./dom.js').Child} Child */

/**
 * @template T
 * @typedef {object} Column
 * @property {string} title
 * @property {(item: T) => Child} cell
 * @property {string} [kind] Class of its cells; `number` aligns at the end.
 */

/**
 * A table; a phone shows each row as a card.
 * @template T
 * @param {string} caption
 * @param {Column<T>[]} columns
 * @param {T[]} items
 * @param {(item: T) => string} [classOf]
 */
export function table(caption, columns, items, classOf) {
  const titles = columns.map(({ title, kind }) =>
    h('th', { scope: 'col', class: kind }, title || h('span', { class: 'visually-hidden' }, 'Actions')),
  );
  const body = h(
    'tbody',
    {},
    items.map((item) => row(columns, item, classOf?.(item))),
  );
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', { class: 'visually-hidden' }, caption), h('thead', {}, h('tr', {}, titles)), body),
  );
}

/** @template T @param {Column<T>[]} columns @param {T} item @param {string} [kind] */
export function row(columns, item, kind) {
  return h(
    'tr',
    { class: kind },
    columns.map((column) => h('td', { class: column.kind, 'data-title': column.title }, h('div', {}, column.cell(item)))),
  );
}

/**
 * @template T
 * @typedef {{root: HTMLElement, reload: () => Promise<void>, draw: () => void, items: () => T[]}} List
 */

/**
 * A list that loads page by page, with its states.
 * @template T
 * @param {object} of
 * @param {string} of.caption
 * @param {Column<T>[]} of.columns
 * @param {(cursor: string | null) => Promise<{items: T[], nextCursor: string | null}>} of.load
 * @param {(reload: () => unknown) => Node} of.empty
 * @param {(item: T) => boolean} [of.matches] A filter over what is loaded.
 * @param {(item: T) => string} [of.classOf]
 * @returns {List<T>}
 */
export function list({ caption, columns, load, empty: nothing, matches = () => true, classOf }) {
  const root = h('div', { class: 'list' }, loading());
  /** @type {T[]} */
  let items = [];
  /** @type {string | null} */
  let next = null;
  const more = async (/** @type {string | null} */ cursor) => {
    try {
      let page = await load(cursor);
      for (let pages = 1; page.items.length === 0 && page.nextCursor && pages < 20; pages += 1)
        page = await load(page.nextCursor);
      items = cursor ? [...items, ...page.items] : page.items;
      next = page.nextCursor;
      draw();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError'))
        fill(
          root,
          failure(error, () => more(cursor)),
        );
    }
  };
  const draw = () => {
    const shown = items.filter(matches);
    if (items.length === 0 && !next)
      return fill(
        root,
        nothing(() => more(null)),
      );
    const foot = h(
      'p',
      { class: 'foot quiet', role: 'status' },
      `${number(shown.length)} shown`,
      shown.length < items.length ? ` of ${number(items.length)} loaded` : '',
      next ? ' ' : null,
      next ? button('Load more', () => more(next)) : null,
    );
    fill(
      root,
      shown.length > 0 ? table(caption, columns, shown, classOf) : empty('Nothing matches', 'Change the filter, or load more.'),
      foot,
    );
  };
  void more(null);
  return { root, reload: () => more(null), draw, items: () => items };
}

/**
 * The field by which a list of named things is filtered; the address keeps what is in it.
 * @param {import('./router.js').Context} context
 * @param {() => void} changed
 */
export function nameFilter({ query, remember }, changed) {
  const search = h('input', {
    type: 'search',
    placeholder: 'Name or id',
    'aria-label': 'Filter by name or id',
    value: query.get('q') ?? '',
    oninput: () => (remember({ q: search.value }), changed()),
  });
  return search;
}

/**
 * A button that shows only what is low; the address keeps whether it is pressed.
 * @param {import('./router.js').Context} context
 * @param {string} text
 * @param {() => void} changed
 */
export function lowFilter({ query, remember }, text, changed) {
  const pressed = () => query.get('low') === '1';
  const low = h(
    'button',
    {
      class: 'button',
      'aria-pressed': String(pressed()),
      onclick: () => {
        const on = !pressed();
        remember({ low: on ? '1' : null });
        low.setAttribute('aria-pressed', String(on));
        changed();
      },
    },
    text,
  );
  return low;
}

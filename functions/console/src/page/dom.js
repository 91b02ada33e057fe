// Makes elements. Whatever is shown comes in as text or as attributes, never as HTML.

/** @typedef {Node | string | number | null | undefined | false | readonly unknown[]} Child Arrays have children in them. */
/** @typedef {Record<string, unknown>} Props */

const SVG = 'http://www.w3.org/2000/svg';
const SAFE_URL = /^(#|https?:|[a-z0-9_]+(\/|$))/i;

/**
 * An element. A prop that begins with `on` is a listener; `true` is an attribute without a value, and null, undefined or false none.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  set(element, props);
  append(element, children);
  return element;
}

/**
 * An element of SVG.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  set(element, props);
  append(element, children);
  return element;
}

/** @param {Element} element @param {Props} props */
function set(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function')
      element.addEventListener(name.slice(2).toLowerCase(), /** @type {EventListener} */ (value));
    else if (name === 'value' && 'value' in element) element.value = String(value);
    else if (name !== 'href' || SAFE_URL.test(String(value))) element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** @param {Element} element @param {readonly unknown[]} children */
function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false)
      element.append(child instanceof Node ? child : String(child));
  }
}

/** Puts other children into an element. @param {Element} element @param {...Child} children */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Text that somebody wrote, whose direction is its own. @param {string} text @param {Props} [props] */
export const data = (text, props = {}) => h('bdi', props, text);

/** An id, a code or a URL. @param {unknown} text @param {Props} [props] */
export const code = (text, props = {}) => h('code', { dir: 'ltr', ...props }, String(text));

/** @type {Record<string, string>} */
const PATHS = {
  overview: 'M3 12h4l3-8 4 16 3-8h4',
  live: 'M5 12a7 7 0 0 1 14 0M8.5 12a3.5 3.5 0 0 1 7 0M12 12v8',
  products: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8',
  ingredients: 'M12 21c-5 0-7-4-7-8 0-3 2-5 4-5 1.5 0 2 .7 3 .7s1.5-.7 3-.7c2 0 4 2 4 5 0 4-2 8-7 8zM12 8c0-3 1-4 3-5',
  orders: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6',
  timers: 'M12 7v6l4 2M12 3a10 10 0 1 0 .01 0',
  users: 'M12 12a4 4 0 1 0-.01 0M4 21c0-4 4-6 8-6s8 2 8 6',
  letters: 'M3 6h18v12H3zM3 7l9 7 9-7',
  analytics: 'M4 20V10M10 20V4M16 20v-7M21 20H3',
  local: 'M4 5h16v11H4zM9 20h6M12 16v4',
  tour: 'M12 3l2.5 6.5L21 12l-6.5 2.5L12 21l-2.5-6.5L3 12l6.5-2.5z',
  key: 'M14 10a4 4 0 1 0-2.5 3.7L14 16h2v2h2v2h3v-3l-6.6-6.6z',
  ok: 'M5 12.5l4.5 4.5L19 7.5',
  bad: 'M6 6l12 12M18 6L6 18',
  warn: 'M12 4l9 16H3zM12 10v5M12 17.5v.5',
  wait: 'M12 7v5l3 2M12 4a8 8 0 1 0 .01 0',
  info: 'M12 11v6M12 7v.5M12 3a9 9 0 1 0 .01 0',
  off: 'M7 12h10M12 4a8 8 0 1 0 .01 0',
  menu: 'M4 7h16M4 12h16M4 17h16',
  next: 'M9 6l6 6-6 6',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  plus: 'M12 5v14M5 12h14',
  refresh: 'M20 11a8 8 0 1 0-2 6M20 5v6h-6',
};

/** A drawing beside a text, which says the same. @param {string} name */
export function icon(name) {
  const path = svg('path', { d: PATHS[name] ?? PATHS['info'] });
  return svg('svg', { class: `icon icon-${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true' }, path);
}

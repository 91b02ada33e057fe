// Which screen is open. It is in the URL behind the `#`, so that an address can be shared and survives reload and back.

import { fill, h } from './dom.js';
import { failure, head, loading } from './parts.js';

/** What is behind the title of each screen. */
const SUFFIX = ' · Millrace';

/**
 * What a screen gets.
 * @typedef {object} Context
 * @property {HTMLElement} root Where it puts what it shows.
 * @property {string[]} params The parts of its address after its name.
 * @property {URLSearchParams} query
 * @property {AbortSignal} signal Aborted when the screen is left.
 * @property {(title: string) => void} title
 * @property {(query: Record<string, string | null | undefined>) => void} remember Puts filters into the address.
 * @property {(seconds: number, work: () => unknown) => void} every Repeats, but not while the page is hidden.
 * @property {() => void} again Shows the screen anew.
 */
/** @typedef {(context: Context) => void | Promise<void>} Screen */
/** @typedef {Record<string, () => Promise<{default: Screen}>>} Screens By the first part of an address. */

/** The address of a screen. @param {(string | number)[]} path @param {Record<string, string | null | undefined>} [query] */
export function to(path, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return `#/${path.map((part) => encodeURIComponent(part)).join('/')}${text ? `?${text}` : ''}`;
}

/** Opens a screen. @param {(string | number)[]} path @param {Record<string, string | null | undefined>} [query] */
export function go(path, query) {
  location.hash = to(path, query);
}

/** @param {string} hash */
export function read(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [name = '', ...params] = path.split('/').map(decoded);
  return { name, params: params.filter((part) => part !== ''), query: new URLSearchParams(query) };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * Shows the screens as the address changes.
 * @param {HTMLElement} outlet
 * @param {Screens} screens
 * @param {(name: string) => void} opened
 */
export function start(outlet, screens, opened) {
  let leave = new AbortController();
  const show = async () => {
    leave.abort();
    leave = new AbortController();
    const { signal } = leave;
    const { name, params, query } = read(location.hash);
    const load = screens[name || 'overview'] ?? screens['nowhere'];
    const root = h('div', { class: `screen screen-${name || 'overview'}` });
    fill(outlet, root);
    fill(root, loading());
    opened(name || 'overview');
    try {
      const screen = await load?.();
      if (signal.aborted) return;
      fill(root);
      await screen?.default(context(root, params, query, signal, show));
    } catch (error) {
      if (!signal.aborted) fill(root, head(document.title.replace(SUFFIX, '')), failure(error, show));
    }
  };
  addEventListener('hashchange', () => {
    scrollTo(0, 0);
    void show();
    outlet.focus({ preventScroll: true });
  });
  void show();
  return show;
}

/**
 * @param {HTMLElement} root
 * @param {string[]} params
 * @param {URLSearchParams} query
 * @param {AbortSignal} signal
 * @param {() => void} again
 * @returns {Context}
 */
function context(root, params, query, signal, again) {
  return {
    root,
    params,
    query,
    signal,
    again,
    title: (title) => {
      document.title = `${title}${SUFFIX}`;
    },
    remember(values) {
      for (const [name, value] of Object.entries(values)) {
        if (value) query.set(name, value);
        else query.delete(name);
      }
      const path = location.hash.split('?')[0] || '#/';
      history.replaceState(null, '', query.size > 0 ? `${path}?${query}` : path);
    },
    every(seconds, work) {
      repeat(seconds * 1000, work, signal);
    },
  };
}

/**
 * Does something again and again, one at a time, and not while the page is hidden.
 * @param {number} ms
 * @param {() => unknown} work
 * @param {AbortSignal} signal
 */
export async function repeat(ms, work, signal) {
  while (!signal.aborted) {
    await new Promise((done) => {
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', () => (clearTimeout(timer), done(null)), { once: true });
    });
    if (document.hidden)
      await new Promise((done) => document.addEventListener('visibilitychange', done, { once: true, signal }));
    if (!signal.aborted) await work();
  }
}

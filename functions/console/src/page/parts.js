// What screens are built of: states, badges, tables with their pages, dialogs, messages, values as JSON.

import { ApiError, credential } from './api.js';
import { code, data, fill, h, icon } from './dom.js';

/** @typedef {import('./dom.js').Child} Child */
/** @typedef {'ok' | 'bad' | 'warn' | 'wait' | 'info' | 'off'} Tone */

/** A word with its colour and its sign. @param {Tone} tone @param {string} text @param {string} [title] */
export const badge = (tone, text, title) => h('span', { class: `badge ${tone}`, title }, icon(tone), text);

/** @type {Record<string, Tone>} */
const TONES = {
  confirmed: 'ok',
  processed: 'ok',
  fired: 'ok',
  ok: 'ok',
  ready: 'ok',
  redriven: 'info',
  published: 'ok',
  mailed: 'ok',
  sent: 'ok',
  rejected: 'bad',
  failed: 'bad',
  dead: 'bad',
  unavailable: 'bad',
  dead_letter: 'bad',
  pending: 'wait',
  buffered: 'wait',
  scheduled: 'wait',
  firing: 'wait',
  outbox: 'info',
  cancelled: 'off',
};

/** The tone of a status. @param {string} status @returns {Tone} */
export const tone = (status) => TONES[status] ?? 'info';

/** @param {string} text */
export const status = (text) => badge(tone(text), text.replaceAll('_', ' '));

export const loading = () =>
  h('div', { class: 'loading', role: 'status' }, h('span', { class: 'visually-hidden' }, 'Loading'), h('i'), h('i'), h('i'));

/** Nothing is there, and what can be done about it. @param {string} title @param {...Child} help */
export const empty = (title, ...help) =>
  h('div', { class: 'state' }, icon('info'), h('p', { class: 'told' }, title), h('div', {}, ...help));

/** What went wrong, in words that help. @param {unknown} error @param {() => void} [again] */
export function failure(error, again) {
  const retry = again && h('button', { class: 'button', onclick: again }, icon('refresh'), 'Try again');
  if (error instanceof TypeError && /import|module|dynamically/i.test(error.message)) {
    const reload = h('button', { class: 'button primary', onclick: () => location.reload() }, 'Load the page anew');
    return h(
      'div',
      { class: 'state bad', role: 'alert' },
      icon('warn'),
      h('p', { class: 'told' }, 'The console has a newer version, or the stack is gone'),
      reload,
    );
  }
  if (!(error instanceof ApiError)) {
    console.error(error);
    return h(
      'div',
      { class: 'state bad', role: 'alert' },
      icon('warn'),
      h('p', { class: 'told' }, 'This screen has a fault'),
      h('p', {}, String(error)),
      retry,
    );
  }
  const [title, help] = explained(error);
  const details = error.errors.map(({ field, detail }) => h('li', {}, code(field), ' ', detail));
  const key =
    error.status === 401 || error.status === 403
      ? h('button', { class: 'button primary', onclick: askForCredential }, icon('key'), 'Use a token or key')
      : null;
  return h(
    'div',
    { class: key ? 'state' : 'state bad', role: 'alert' },
    icon(key ? 'key' : 'warn'),
    h('p', { class: 'told' }, title),
    h('p', {}, help),
    details.length > 0 && h('ul', {}, details),
    h('p', { class: 'actions' }, key, retry),
    h('p', { class: 'quiet' }, code(error.code)),
  );
}

/** @param {ApiError} error @returns {[string, string]} */
function explained(error) {
  if (error.status === 0) return ['There is no answer', error.message];
  if (error.status === 401)
    return [credential.get() ? 'The token or key is not good' : 'This stack wants to know who you are', error.message];
  if (error.status === 403) return ['The token or key may not do this', error.message];
  if (error.status === 404) return ['There is no such thing', error.message];
  if (error.status === 429) return ['Too many requests', `${error.message}; try again in a moment`];
  if (error.status >= 500) return ['A part of the stack does not answer', error.message];
  return ['That was refused', error.message];
}

/** Opens the dialog for a token; the shell listens. */
export const askForCredential = () => dispatchEvent(new Event('credential'));

/** The head of a screen. @param {string} title @param {Child[]} [actions] @param {Child} [under] */
export function head(title, actions = [], under = null) {
  return h('header', { class: 'head' }, h('div', {}, h('h1', {}, title), under), h('div', { class: 'actions' }, ...actions));
}

/** @param {string} text @param {() => unknown} onclick @param {{kind?: string, symbol?: string, title?: string}} [options] */
export function button(text, onclick, { kind = '', symbol, title } = {}) {
  return h('button', { type: 'button', class: `button ${kind}`, onclick, title }, symbol ? icon(symbol) : null, text);
}

/** A share as a bar, and the mark that it should not be below. @param {number} value @param {number} full @param {number} mark */
export function meter(value, full, mark) {
  const share = full > 0 ? Math.min(1, value / full) : 0;
  const low = value < mark;
  const bar = h(
    'span',
    { class: `meter ${low ? 'low' : ''}`, 'aria-hidden': 'true' },
    h('i'),
    mark > 0 && full > 0 ? h('b') : null,
  );
  bar.style.setProperty('--share', `${share * 100}%`);
  bar.style.setProperty('--mark', `${Math.min(1, mark / full) * 100}%`);
  return bar;
}

/** A value as JSON, with a button that copies it. @param {unknown} value */
export function json(value) {
  const text = JSON.stringify(value, null, 2) ?? 'undefined';
  return h('div', { class: 'json', dir: 'ltr' }, copier(text), h('pre', { tabindex: 0, dir: 'ltr' }, text));
}

/** A button that copies a text. @param {string} text @param {string} [label] */
export function copier(text, label = 'Copy') {
  return button(
    label,
    async () => {
      await navigator.clipboard.writeText(text);
      say('Copied.');
    },
    { kind: 'small', symbol: 'copy' },
  );
}

/** Facts, with their names. @param {...([string, Child] | null | false)} facts */
export function facts(...facts) {
  return h(
    'dl',
    { class: 'facts' },
    facts.filter((fact) => !!fact).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** @param {string} title @param {...Child} children */
export const section = (title, ...children) => h('section', { class: 'card' }, h('h2', {}, title), ...children);

/** An id as a link to its screen; a long one is cut in the middle by CSS, not in the text. @param {string} id @param {string} href */
export const idLink = (id, href) => h('a', { href, class: 'id', dir: 'ltr', title: id }, code(id));

/** Tells what was done, also to screen readers. @param {string} text @param {Tone} [kind] */
export function say(text, kind = 'ok') {
  const place = document.getElementById('said');
  const said = h('p', { class: `said ${kind}` }, icon(kind), data(text));
  place?.append(said);
  setTimeout(() => said.remove(), 6000);
}

/**
 * A dialog, which is gone from the page when it is closed.
 * @param {string} title
 * @param {(close: () => void) => Child[]} content
 */
export function dialog(title, content) {
  const close = () => element.close();
  const element = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title' },
    h(
      'header',
      {},
      h('h2', { id: 'dialog-title' }, title),
      h('button', { class: 'button icon-only', 'aria-label': 'Close', onclick: close }, icon('bad')),
    ),
  );
  document.body.append(element);
  element.append(h('div', { class: 'content' }, ...content(close)));
  element.addEventListener('close', () => element.remove());
  element.showModal();
  return element;
}

/** Asks before something that cannot be undone. @param {string} title @param {Child} text @param {string} yes @param {() => Promise<unknown>} act */
export function confirmed(title, text, yes, act) {
  dialog(title, (close) => {
    const problem = h('div');
    const doIt = async () => {
      try {
        await act();
        close();
      } catch (error) {
        fill(problem, failure(error));
      }
    };
    return [
      h('p', {}, text),
      problem,
      h('p', { class: 'actions' }, button(yes, doIt, { kind: 'danger' }), button('Cancel', close)),
    ];
  });
}

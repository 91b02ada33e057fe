// Mails as they look.

import { get } from './api.js';
import { data, h } from './dom.js';
import { empty, json, section } from './parts.js';
import { to } from './router.js';
import { ago } from './time.js';

/** @typedef {import('./breaking.js').Part} Part */
/** @typedef {{to: string[] | string, subject: string, text: string, html: string, tags: unknown, at: string}} Mail */

/** @param {AbortSignal} signal @returns {Part} */
export async function mail(signal) {
  /** @type {{items: Mail[]}} */
  const { items } = await get('_local/mail', { signal });
  return {
    state: items,
    draw: () =>
      items.length === 0
        ? empty(
            'No mail was sent yet',
            'One is sent when an ingredient falls below half. ',
            h('a', { href: to(['tour']) }, 'Take the tour'),
          )
        : items
            .toReversed()
            .map((it) =>
              section(
                it.subject,
                h('p', { class: 'quiet' }, 'to ', data([it.to].flat().join(', ')), ', ', ago(it.at)),
                it.html ? framed(it.html) : null,
                h('details', {}, h('summary', {}, 'As text'), h('pre', { tabindex: 0 }, it.text)),
                h('details', {}, h('summary', {}, 'Tags'), json(it.tags)),
              ),
            ),
  };
}

/** @type {{createHTML: (html: string) => string} | undefined} */
let policy;

/** A mail's HTML, in a frame of no origin in which nothing runs and nothing loads. @param {string} html */
export function framed(html) {
  /** @type {any} */
  const trusted = globalThis;
  policy ??= trusted.trustedTypes?.createPolicy('mail', { createHTML: (/** @type {string} */ text) => text }) ?? {
    createHTML: (text) => text,
  };
  const frame = h('iframe', { class: 'mail', sandbox: '', title: 'The mail as it looks' });
  frame.srcdoc = policy?.createHTML(html) ?? '';
  return frame;
}

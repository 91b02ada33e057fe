// What is wrong, worst first, and where it is mended.

import { h, icon } from './dom.js';
import { to } from './router.js';
import { ago, count } from './time.js';

/** @typedef {import('./parts.js').Child} Child */
/** @typedef {import('./screen-overview.js').Waits} Waits */
/** @typedef {import('./screen-overview.js').Lag} Lag */
/** @typedef {{tone: 'bad' | 'warn', text: Child}} Trouble */

/** An outbox entry, a timer or a record that waits longer than this is a trouble. */
const SLOW_MS = 90_000;

/** @param {string | null | undefined} since */
export const waitsTooLong = (since) => since !== null && since !== undefined && Date.now() - Date.parse(since) > SLOW_MS;

/** @param {{waits: Waits | null, low: any[], ingredients: any[], lag: Lag[]}} state @returns {Trouble[]} */
export function troubles({ waits, low, ingredients, lag }) {
  /** @type {Trouble[]} */
  const found = [];
  const link = (/** @type {string} */ text, /** @type {string[]} */ path, /** @type {Record<string, string>} */ query = {}) =>
    h('a', { href: to(path, query) }, text);
  for (const [name, answer] of Object.entries(waits?.dependencies ?? {}))
    if (answer !== 'ok')
      found.push({
        tone: 'bad',
        text: `${name === 'kafka' ? 'Kafka' : name === 'dynamodb' ? 'DynamoDB' : name} does not answer. What is accepted meanwhile waits in the outbox.`,
      });
  if (waits?.deadLetters.open)
    found.push({
      tone: 'bad',
      text: link(
        `${count(waits.deadLetters.open, 'dead letter')}${waits.deadLetters.more ? ' or more' : ''}: see what they died of, and send them again`,
        ['letters'],
      ),
    });
  if (waitsTooLong(waits?.outbox.oldest))
    found.push({
      tone: 'bad',
      text: ['The outbox has events that are not published, the oldest from ', ago(waits?.outbox.oldest)],
    });
  if (waitsTooLong(waits?.timers.oldest))
    found.push({
      tone: 'bad',
      text: [link('Timers are late', ['timers']), ', the oldest was due ', ago(waits?.timers.oldest)],
    });
  const behind = [
    ...Map.groupBy(
      lag.filter((it) => it.lag > 100),
      (it) => it.function,
    ).keys(),
  ];
  if (behind.length > 0) found.push({ tone: 'warn', text: link(`Behind: ${behind.join(', ')}`, ['local']) });
  if (ingredients.length > 0)
    found.push({
      tone: 'warn',
      text: link(`${count(ingredients.length, 'ingredient')} below half: restock`, ['ingredients'], { low: '1' }),
    });
  if (low.length > 0)
    found.push({ tone: 'warn', text: link(`${count(low.length, 'product')} low on stock`, ['products'], { low: '1' }) });
  return found;
}

/** @param {Trouble[]} found */
export function judged(found) {
  const [first] = found;
  if (!first) return h('div', { class: 'verdict' }, icon('ok'), 'All is well.');
  return h(
    'div',
    { class: `verdict ${found.some((it) => it.tone === 'bad') ? 'bad' : 'warn'}` },
    icon('warn'),
    h(
      'ul',
      {},
      found.map((it) => h('li', {}, it.text)),
    ),
  );
}

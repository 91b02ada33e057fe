// Five clicks from an empty stack to an event's life.

import { all, find, get, isLocal, request, segment } from './api.js';
import { code, data, fill, h } from './dom.js';
import { badge, button, empty, failure, head, meter, status } from './parts.js';
import { to } from './router.js';
import { framed } from './mail.js';
import { count, number } from './time.js';

/** @typedef {(tell: (...told: import('./dom.js').Child[]) => void) => Promise<void>} Act Says what happens, and ends when it has. */

const PATIENCE_MS = 60_000;
const SEVERAL = 160;
const LOAD = 60;

/** @type {import('./router.js').Screen} */
export default async ({ root, signal, title }) => {
  title('Guided tour');
  if (!(await isLocal()))
    return fill(
      root,
      head('Guided tour'),
      empty('The tour needs a local stack', 'It kills functions on purpose. Start one with ', code('make run'), '.'),
    );
  /** @type {[string, string, string, Act][]} */
  const steps = [
    ['Load the demo kitchen', 'Products, their recipes, and the ingredients that they are made of.', 'Load', kitchen],
    [
      'Order until the cheese is below half',
      `${SEVERAL} cheeseburgers. The order takes all of its ingredients, or nothing.`,
      'Order',
      (tell) => cheese(tell, signal),
    ],
    [
      'See the mail',
      'An ingredient that falls below half causes one mail, however many orders come.',
      'Look',
      (tell) => mailed(tell, signal),
    ],
    [
      'Kill the function stock under load',
      `${LOAD} orders are made while kill -9 hits the function that decides them. Each is decided all the same, once.`,
      'Kill it',
      (tell) => killed(tell, signal),
    ],
    [
      'Find an event’s life',
      'Where the event of the last order has been: outbox, Kafka, its consumers, the log, the archive.',
      'Find it',
      (tell) => life(tell, signal),
    ],
  ];
  fill(
    root,
    head(
      'Guided tour',
      [],
      h('p', {}, 'Five clicks. Everything in them is real: the functions, Kafka, the tables and the crashes.'),
    ),
    h(
      'ol',
      { class: 'steps' },
      steps.map((step) => shown(step, signal)),
    ),
  );
};

/** @param {[string, string, string, Act]} step @param {AbortSignal} signal */
function shown([name, text, label, act], signal) {
  const told = h('div', { class: 'stack', role: 'status' });
  const item = h(
    'li',
    {},
    h(
      'div',
      {},
      h('h2', {}, name),
      h('p', { class: 'quiet' }, text),
      button(
        label,
        async () => {
          run.disabled = true;
          try {
            await act((...lines) => fill(told, ...lines));
            item.classList.add('done');
          } catch (error) {
            if (!signal.aborted) fill(told, failure(error));
          }
          run.disabled = false;
        },
        { kind: 'primary' },
      ),
      told,
    ),
  );
  const run = /** @type {HTMLButtonElement} */ (item.querySelector('button'));
  return item;
}

/** Asks until there is an answer. @template T @param {() => Promise<T | null | undefined | false>} ask @param {AbortSignal} signal @param {string} otherwise @returns {Promise<T>} */
async function until(ask, signal, otherwise) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    signal.throwIfAborted();
    await new Promise((done) => setTimeout(done, 400));
  }
  throw new Error(otherwise);
}

/** @type {Act} */
async function kitchen(tell) {
  const { data: made } = await request('POST', 'orders/seed');
  tell(
    badge('ok', `${count(made.products.length, 'product')}, ${count(made.ingredients.length, 'ingredient')}`),
    h(
      'p',
      {},
      h('a', { href: to(['products']) }, 'See the products'),
      ' and ',
      h('a', { href: to(['ingredients']) }, 'the ingredients'),
    ),
  );
}

/** @param {Parameters<Act>[0]} tell @param {AbortSignal} signal */
async function cheese(tell, signal) {
  let left = await get('ingredients/cheese', { signal });
  for (let tries = 0; left.stock * 2 >= left.fullLevel && tries < 5; tries += 1) {
    const { data: made } = await request('POST', 'orders', {
      body: { lines: [{ productId: 'cheeseburger', quantity: SEVERAL }] },
      key: crypto.randomUUID(),
    });
    tell(badge('wait', 'pending'));
    const decided = await until(
      async () => {
        const order = await get(`orders/${segment(made.id)}`, { signal });
        return order.status !== 'pending' && order;
      },
      signal,
      'The order was not decided. Is the function stock running? See Local stack, Functions.',
    );
    left = await get('ingredients/cheese', { signal });
    tell(h('p', {}, status(decided.status), ' ', h('a', { href: to(['orders', made.id]) }, 'the order')), amount(left));
    if (decided.status === 'rejected') break;
  }
  tell(amount(left), h('p', {}, h('a', { href: to(['orders']) }, 'See the orders')));
}

/** @param {import('./api.js').Ingredient} ingredient */
const amount = (ingredient) =>
  h(
    'p',
    { class: 'level' },
    meter(ingredient.stock, ingredient.fullLevel, ingredient.fullLevel / 2),
    h(
      'span',
      {},
      `${number(ingredient.stock)} of ${number(ingredient.fullLevel)} `,
      data(ingredient.unit),
      ' of cheese are left',
    ),
  );

/** @param {Parameters<Act>[0]} tell @param {AbortSignal} signal */
async function mailed(tell, signal) {
  tell(badge('wait', 'waiting for the mail'));
  const mail = await until(
    async () => (await get('_local/mail', { signal })).items.at(-1),
    signal,
    'No mail came. Is cheese below half? The step before orders until it is.',
  );
  tell(
    h('p', {}, h('b', {}, data(mail.subject)), ' to ', data([mail.to].flat().join(', '))),
    framed(mail.html),
    h('p', {}, h('a', { href: to(['local', 'mail']) }, 'All mails')),
  );
}

/** @param {Parameters<Act>[0]} tell @param {AbortSignal} signal */
async function killed(tell, signal) {
  let kills = 0;
  /** @type {string[]} */
  const made = [];
  for (let i = 0; i < LOAD; i += 1) {
    signal.throwIfAborted();
    const { data: order } = await request('POST', 'orders', {
      body: { lines: [{ productId: 'fries', quantity: 1 }] },
      key: crypto.randomUUID(),
    }).catch(() =>
      request('POST', 'orders', { body: { lines: [{ productId: 'burger', quantity: 1 }] }, key: crypto.randomUUID() }),
    );
    made.push(order.id);
    if (i % 12 === 6)
      kills += (await request('POST', '_local/functions/stock/kill', { query: { signal: 'KILL' } })).data.pids.length;
    tell(h('p', {}, `${count(made.length, 'order')} made, ${count(kills, 'process', 'processes')} killed`));
  }
  await until(
    async () => {
      /** @type {import('./api.js').Order[]} */
      const orders = /** @type {any} */ (await all('orders', { signal, most: LOAD * 3 })).items;
      const decided = orders.filter((order) => made.includes(order.id) && order.status !== 'pending').length;
      tell(
        badge(decided === made.length ? 'ok' : 'wait', `${number(decided)} of ${number(made.length)} decided, each once`),
        h(
          'p',
          {},
          `${count(kills, 'process', 'processes')} of stock died on the way. `,
          h('a', { href: to(['orders']) }, 'See the orders'),
          ', ',
          h('a', { href: to(['local']) }, 'the functions'),
        ),
      );
      return decided === made.length;
    },
    signal,
    'Not all of them were decided within a minute.',
  );
}

/** @param {Parameters<Act>[0]} tell @param {AbortSignal} signal */
async function life(tell, signal) {
  tell(badge('wait', 'looking for it in the log'));
  const entry = await until(
    async () => {
      /** @type {import('./api.js').Page<import('./api.js').LogEntry>} */
      const { items } = await get('event-log', {
        query: { type: 'OrderConfirmed', from: new Date(Date.now() - 900_000).toISOString(), limit: 100 },
        signal,
      });
      return items.at(-1);
    },
    signal,
    'The log has no confirmed order of the last 15 minutes. Make an order first.',
  );
  const known = await find(`event-log/${segment(entry.eventId)}`, { query: { source: entry.source }, signal });
  tell(
    h('p', {}, badge('ok', entry.type), ' ', code(entry.eventId)),
    h(
      'p',
      {},
      h(
        'a',
        { class: 'button primary', href: to(['event', entry.eventId], { source: entry.source }) },
        known ? 'See its life' : 'See the event',
      ),
    ),
  );
}

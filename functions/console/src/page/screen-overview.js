// Is it well? What is wrong comes first, and leads to where it is mended.

import { ApiError, all, find, get, isLocal } from './api.js';
import { code, data, fill, h, icon } from './dom.js';
import { badge, empty, head, loading, section, status } from './parts.js';
import { to } from './router.js';
import { why } from './screen-orders.js';
import { newest } from './stream.js';
import { table } from './table.js';
import { judged, troubles, waitsTooLong } from './troubles.js';
import { ago, money, number } from './time.js';

/** @typedef {import('./parts.js').Child} Child */
/** @typedef {{function: string, topic: string, partition: number, end: number, committed: number, lag: number}} Lag */
/** @typedef {{more?: boolean, oldest?: string | null, pending?: number | null, count?: number | null, open?: number | null, due?: number | null}} Waiting */
/** @typedef {{dependencies: Record<string, string>, outbox: Waiting, buffered: Waiting, deadLetters: Waiting, timers: Waiting}} Waits */

/** @type {import('./router.js').Screen} */
export default async ({ root, signal, title, every }) => {
  title('Overview');
  const verdict = h('div', { role: 'status' }, loading());
  const tiles = h('div', { class: 'tiles' });
  const news = h('div', {}, loading());
  const orders = h('div', {}, loading());
  const consumers = h('div', {});
  fill(
    root,
    head('Overview', [h('a', { class: 'button', href: to(['live']) }, icon('live'), 'Events live')]),
    verdict,
    tiles,
    h('div', { class: 'columns' }, section('Last events', news), section('Last orders', orders)),
    consumers,
  );
  const rate = rateOf();
  const show = async () => {
    const local = await isLocal();
    const [waits, ready, low, ingredients, lag] = await Promise.all([
      asked(find('overview', { signal })),
      asked(readiness(signal)),
      asked(get('products', { query: { lowStock: true, limit: 100 }, signal })),
      asked(all('ingredients', { signal, most: 1000 })),
      local ? asked(get('_local/lag', { signal })) : null,
    ]);
    if (signal.aborted) return;
    const state = {
      waits: /** @type {Waits | null} */ (waits),
      ready,
      low: low?.items ?? [],
      ingredients: (ingredients?.items ?? []).filter((/** @type {any} */ it) => it.stock * 2 < it.fullLevel),
      lag: /** @type {Lag[]} */ (lag?.items ?? []),
    };
    if (!state.waits) state.waits = await withoutOverview(signal, ready);
    fill(verdict, judged(troubles(state)));
    fill(tiles, numbers(state, rate(state.lag)));
    fill(consumers, lag && section('Consumers', lags(state.lag)));
  };
  const last = async () => {
    const [items, page] = await Promise.all([asked(newest(8, signal)), asked(get('orders', { query: { limit: 6 }, signal }))]);
    if (signal.aborted) return;
    fill(news, events(items ?? []));
    fill(orders, lastOrders(page?.items ?? []));
  };
  await Promise.all([show(), last()]);
  every((await isLocal()) ? 3 : 10, () => Promise.all([show(), last()]));
};

/** What may not be asked, or does not answer, is not shown. @param {Promise<any>} answer @returns {Promise<any>} */
const asked = (answer) =>
  answer.catch((error) => {
    if (error instanceof ApiError && error.status === 401) throw error;
    return null;
  });

/** @param {AbortSignal} signal @returns {Promise<Record<string, string>>} */
async function readiness(signal) {
  try {
    return (await get('health/ready', { signal })).dependencies ?? {};
  } catch (error) {
    const dependencies = error instanceof ApiError && error.status === 503 ? error.problem['dependencies'] : null;
    if (typeof dependencies === 'object' && dependencies !== null) return /** @type {Record<string, string>} */ (dependencies);
    throw error;
  }
}

/** What can be known where the API has no overview. @param {AbortSignal} signal @param {Record<string, string> | null} ready @returns {Promise<Waits>} */
async function withoutOverview(signal, ready) {
  const letters = await asked(all('dlq', { signal, most: 1000 }));
  const open = letters?.items.filter((/** @type {any} */ it) => it.status === 'dead') ?? [];
  return {
    dependencies: ready ?? {},
    outbox: {},
    buffered: {},
    timers: {},
    deadLetters: { open: letters ? open.length : null, more: letters?.more, oldest: open.at(-1)?.at },
  };
}

/** How many events a second came since it was last asked. */
function rateOf() {
  /** @type {{at: number, sum: number} | null} */
  let before = null;
  return (/** @type {Lag[]} */ lag) => {
    const ends = new Map(lag.map((it) => [`${it.topic}/${it.partition}`, it.end]));
    const now = { at: Date.now(), sum: [...ends.values()].reduce((sum, end) => sum + end, 0) };
    const rate = before && lag.length > 0 ? Math.max(0, ((now.sum - before.sum) * 1000) / (now.at - before.at)) : null;
    before = now;
    return rate;
  };
}

/**
 * @param {string} name @param {Child} value @param {Child} under @param {string} href @param {string} kind
 */
const tile = (name, value, under, href, kind) =>
  h(
    'a',
    { class: `tile ${kind}`, href },
    h('span', { class: 'name' }, name),
    h('b', {}, value),
    h('span', { class: 'under' }, under),
  );

/** @param {number | null | undefined} value @param {boolean} [more] */
const shown = (value, more) => (value === null || value === undefined ? '–' : `${number(value)}${more ? '+' : ''}`);

/** @param {{waits: Waits | null, lag: Lag[]}} state @param {number | null} rate */
function numbers({ waits, lag }, rate) {
  if (!waits) return null;
  const since = (/** @type {Waiting} */ it) => (it.oldest ? ['oldest ', ago(it.oldest)] : 'none waits');
  const broken = Object.entries(waits.dependencies)
    .filter(([, answer]) => answer !== 'ok')
    .map(([name]) => name);
  const behind = lag.reduce((sum, it) => sum + it.lag, 0);
  return [
    tile(
      'Dependencies',
      Object.keys(waits.dependencies).length === 0 ? '–' : broken.length === 0 ? 'up' : 'down',
      broken.length > 0 ? broken.join(', ') : Object.keys(waits.dependencies).join(', '),
      to(['overview']),
      broken.length > 0 ? 'bad' : 'ok',
    ),
    tile(
      'Dead letters',
      shown(waits.deadLetters.open, waits.deadLetters.more),
      waits.deadLetters.open ? since(waits.deadLetters) : 'none is open',
      to(['letters']),
      waits.deadLetters.open ? 'bad' : 'ok',
    ),
    waits.outbox.pending !== undefined &&
      tile(
        'Outbox',
        shown(waits.outbox.pending, waits.outbox.more),
        since(waits.outbox),
        to(['live']),
        waitsTooLong(waits.outbox.oldest) ? 'bad' : 'ok',
      ),
    waits.buffered.count !== undefined &&
      tile('Waiting for a gap', shown(waits.buffered.count, waits.buffered.more), since(waits.buffered), to(['users']), 'ok'),
    waits.timers.due !== undefined &&
      tile(
        'Timers due',
        shown(waits.timers.due, waits.timers.more),
        since(waits.timers),
        to(['timers']),
        waitsTooLong(waits.timers.oldest) ? 'bad' : 'ok',
      ),
    lag.length > 0 &&
      tile(
        'Lag of consumers',
        number(behind),
        behind === 0 ? 'all have caught up' : 'records behind',
        to(['local']),
        behind > 100 ? 'warn' : 'ok',
      ),
    rate !== null &&
      tile(
        'Events per second',
        rate < 10 ? number(Math.round(rate * 10) / 10) : number(Math.round(rate)),
        'since this was last asked',
        to(['live']),
        'ok',
      ),
  ];
}

/** @param {import('./stream.js').Item[]} items */
function events(items) {
  if (items.length === 0) return empty('Nothing happened in the last hour', h('a', { href: to(['tour']) }, 'Take the tour'));
  return table(
    'Last events',
    [
      { title: 'Event', cell: (it) => h('a', { href: to(['event', it.eventId], { source: it.source }) }, it.type) },
      { title: 'Of', cell: (it) => data(it.title ?? it.subject, { class: 'id' }) },
      { title: 'When', kind: 'tight', cell: (it) => ago(it.time) },
    ],
    items,
  );
}

/** @param {import('./api.js').Order[]} items */
function lastOrders(items) {
  if (items.length === 0) return empty('There are no orders yet', h('a', { href: to(['orders']) }, 'To the orders'));
  return table(
    'Last orders',
    [
      { title: 'Order', kind: 'tight', cell: (it) => h('a', { href: to(['orders', it.id]) }, money(it.total)) },
      { title: 'Status', cell: (it) => [status(it.status), it.reason ? h('div', {}, why(it.reason)) : null] },
      { title: 'Made', kind: 'tight', cell: (it) => ago(it.createdAt) },
    ],
    items,
  );
}

/** @param {Lag[]} lag */
function lags(lag) {
  const behind = (/** @type {Lag[]} */ of) => of.reduce((sum, it) => sum + it.lag, 0);
  return table(
    'Consumers, and how far they are',
    [
      { title: 'Consumer', cell: ([name]) => code(name) },
      { title: 'Topics', cell: ([, of]) => code([...new Set(of.map((it) => it.topic))].join(', '), { class: 'quiet' }) },
      { title: 'Records', kind: 'number', cell: ([, of]) => number(of.reduce((sum, it) => sum + it.end, 0)) },
      { title: 'Behind', kind: 'number', cell: ([, of]) => number(behind(of)) },
      { title: 'State', cell: ([, of]) => (behind(of) > 0 ? badge('warn', 'working') : badge('ok', 'caught up')) },
    ],
    [...Map.groupBy(lag, (it) => it.function)],
  );
}

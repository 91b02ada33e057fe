// Orders and their value over time, events by type, and what was sold most.

import { find } from './api.js';
import { bar, columns } from './charts.js';
import { data, fill, h } from './dom.js';
import { empty, failure, head, loading, section } from './parts.js';
import { to } from './router.js';
import { table } from './table.js';
import { compact, minorDigits, money, number } from './time.js';

/** @typedef {{amount: number, currency: string}} Money */
/** @typedef {{bucket: string, type: string, count: number, value?: Money[], failed?: number, late?: number}} Count */
/** @typedef {{productId: string, name: string, pieces: number, value: Money[]}} Sold */

const HOUR = 3_600_000;

/** How far back, and in how long steps. @type {Record<string, {text: string, ms: number, bucket: 'minute' | 'hour' | 'day', step: number}>} */
const RANGES = {
  hour: { text: 'Last hour', ms: HOUR, bucket: 'minute', step: 60_000 },
  day: { text: 'Last 24 hours', ms: 24 * HOUR, bucket: 'hour', step: HOUR },
  month: { text: 'Last 30 days', ms: 30 * 24 * HOUR, bucket: 'day', step: 24 * HOUR },
};
const ORDERS = [
  ['OrderConfirmed', 'confirmed'],
  ['OrderRejected', 'rejected'],
];

/** @type {import('./router.js').Screen} */
export default async ({ root, query, signal, title, remember, every }) => {
  title('Analytics');
  const name = () => (query.get('range') && RANGES[query.get('range') ?? ''] ? (query.get('range') ?? 'hour') : 'hour');
  const place = h('div', { class: 'stack' }, loading());
  const tabs = h('div', { class: 'actions', role: 'group', 'aria-label': 'Range' });
  const choose = () =>
    fill(
      tabs,
      Object.entries(RANGES).map(([key, { text }]) =>
        h(
          'button',
          {
            class: 'button',
            'aria-pressed': String(key === name()),
            onclick: () => {
              remember({ range: key });
              choose();
              void show();
            },
          },
          text,
        ),
      ),
    );
  choose();
  fill(root, head('Analytics', [tabs], h('p', {}, 'Each event is counted once, in the bucket of its own time.')), place);
  let drawn = '';
  const show = async () => {
    const range = RANGES[name()];
    if (!range) return;
    try {
      const to = new Date(Math.ceil(Date.now() / range.step) * range.step);
      const from = new Date(to.getTime() - range.ms);
      /** @type {{items: Count[]} | null} */
      const counts = await find('analytics', {
        query: { bucket: range.bucket, from: from.toISOString(), to: to.toISOString() },
        signal,
      });
      /** @type {{items: Sold[], complete?: boolean} | null} */
      const sold = await find('analytics/products', {
        query: { limit: 10, from: from.toISOString(), to: to.toISOString() },
        signal,
      });
      const text = JSON.stringify([counts, sold, from]);
      if (text !== drawn) fill(place, counts ? charts(counts.items, sold, range, from) : nothing());
      drawn = text;
    } catch (error) {
      if (!signal.aborted) fill(place, failure(error, show));
    }
  };
  await show();
  every(10, show);
};

const nothing = () =>
  empty(
    'This stack does not count events',
    'Its version has no analytics. ',
    h('a', { href: to(['live']) }, 'Events as they come'),
  );

/** @param {Count[]} items @param {{items: Sold[], complete?: boolean} | null} sold @param {typeof RANGES['hour']} range @param {Date} from */
function charts(items, sold, { ms, step, bucket }, from) {
  if (items.length === 0)
    return empty(
      'Nothing happened in this time',
      'Choose a longer one, or make an order. ',
      h('a', { href: to(['orders']) }, 'To the orders'),
    );
  const buckets = Array.from({ length: ms / step }, (_, i) => from.getTime() + i * step);
  const format = new Intl.DateTimeFormat(
    undefined,
    bucket === 'day' ? { month: 'short', day: 'numeric', timeZone: 'UTC' } : { hour: '2-digit', minute: '2-digit' },
  );
  const labels = buckets.map((at) => format.format(at));
  const values = (/** @type {(count: Count) => number} */ of) => {
    const sums = buckets.map(() => 0);
    for (const count of items) {
      const i = Math.floor((Date.parse(count.bucket) - from.getTime()) / step);
      if (i >= 0 && i < sums.length) sums[i] = (sums[i] ?? 0) + of(count);
    }
    return sums;
  };
  const types = [...Map.groupBy(items, (it) => it.type)]
    .map(([type, counts]) => ({ type, total: counts.reduce((sum, it) => sum + it.count, 0) }))
    .sort((a, b) => b.total - a.total);
  const shown = types.slice(0, types.length > 6 ? 5 : 6).map(({ type }) => type);
  const series = shown.map((type) => ({ name: type, values: values((it) => (it.type === type ? it.count : 0)) }));
  if (types.length > shown.length)
    series.push({ name: 'others', values: values((it) => (shown.includes(it.type) ? 0 : it.count)) });
  const confirmed = items.filter((it) => it.type === 'OrderConfirmed');
  const currencies = [...new Set(confirmed.flatMap((it) => (it.value ?? []).map(({ currency }) => currency)))];
  const orders = ORDERS.map(([type, name]) => ({
    name: name ?? '',
    values: values((it) => (it.type === type ? it.count : 0)),
  }));
  return [
    h(
      'div',
      { class: 'columns' },
      section('Orders', columns({ title: 'Orders over time', labels, series: orders, format: number })),
      ...currencies.map((currency) =>
        section(
          `Sold, in ${currency}`,
          columns({
            title: `Value of confirmed orders in ${currency}`,
            labels,
            format: (value) => money({ amount: value, currency }),
            axis: (value) => compact(value / 10 ** (minorDigits(currency) ?? 0)),
            series: [
              {
                name: currency,
                values: values((it) =>
                  it.type === 'OrderConfirmed'
                    ? (it.value ?? []).filter((part) => part.currency === currency).reduce((sum, part) => sum + part.amount, 0)
                    : 0,
                ),
              },
            ],
          }),
        ),
      ),
    ),
    section('Events by type', columns({ title: 'Events by type', labels, series, format: number })),
    sold &&
      section(
        'Sold most',
        sold.items.length === 0 ? h('p', { class: 'quiet' }, 'Nothing was sold in these days.') : top(sold.items),
        sold.complete === false &&
          h('p', { class: 'quiet' }, 'There are too many products to look at all: one that is sold evenly may be missing.'),
      ),
  ];
}

/** @param {Sold[]} items */
function top(items) {
  const greatest = Math.max(...items.map(({ pieces }) => pieces));
  return table(
    'Products that were sold most',
    [
      { title: 'Product', cell: (it) => h('a', { href: to(['products', it.productId]) }, data(it.name)) },
      { title: 'Pieces', kind: 'number', cell: (it) => number(it.pieces) },
      { title: '', cell: (it) => bar(it.pieces, greatest) },
      { title: 'Value', kind: 'number', cell: (it) => it.value.map((part, i) => [i > 0 ? ', ' : null, money(part)]) },
    ],
    items,
  );
}

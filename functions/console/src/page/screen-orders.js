// Orders: the list, one order with what became of it and why, and a form that makes one.

import { get, may, segment } from './api.js';
import { code, data, fill, h, icon } from './dom.js';
import { history } from './history.js';
import { button, empty, facts, head, idLink, json, loading, section, status } from './parts.js';
import { go, to } from './router.js';
import { orderForm } from './order-form.js';
import { seed } from './screen-products.js';
import { list, table } from './table.js';
import { ago, money, number, time } from './time.js';

/** @typedef {import('./api.js').Order} Order */
/** @typedef {import('./api.js').Product} Product */

/** @type {import('./router.js').Screen} */
export default (context) => (context.params[0] ? one(context, context.params[0]) : many(context));

/** What a reason says, whose code does not change. @type {Record<string, string>} */
const REASONS = {
  out_of_stock: 'There was not enough of',
  unknown_ingredient: 'A recipe needs an ingredient that does not exist:',
};

/** Why an order was rejected, in words, with a link to what was missing. @param {string} reason */
export function why(reason) {
  const [, name = '', about = ''] = /^([a-z_]+): (.*)$/s.exec(reason) ?? [];
  const [, kind = name === 'unknown_ingredient' ? 'ingredient' : '', id] =
    /^(?:(product|ingredient) )?([A-Za-z0-9_-]+)$/.exec(about) ?? [];
  const subject = kind && id ? h('a', { href: to([`${kind}s`, id]) }, about) : data(about);
  return h('span', { class: 'why' }, REASONS[name] ?? `${name.replaceAll('_', ' ')}:`, ' ', subject);
}

/** @param {Order} order */
const content = (order) =>
  h(
    'span',
    {},
    order.lines.slice(0, 3).map((line, i) => [i > 0 ? ', ' : null, `${number(line.quantity)} × `, data(line.name)]),
    order.lines.length > 3 ? `, and ${order.lines.length - 3} more` : null,
  );

/** @param {import('./router.js').Context} context */
function many({ root, query, signal, title, remember }) {
  title('Orders');
  const search = h('input', {
    type: 'search',
    placeholder: 'Product or id',
    'aria-label': 'Filter by product or id',
    value: query.get('q') ?? '',
    oninput: () => (remember({ q: search.value }), shown.draw()),
  });
  const states = h(
    'select',
    { 'aria-label': 'Status', onchange: () => (remember({ status: states.value }), shown.draw()) },
    [
      ['', 'All'],
      ['pending', 'Pending'],
      ['confirmed', 'Confirmed'],
      ['rejected', 'Rejected'],
    ].map(([value, text]) => h('option', { value, selected: value === (query.get('status') ?? '') }, text)),
  );
  const shown = list({
    caption: 'Orders',
    columns: [
      { title: 'Order', cell: (order) => h('a', { href: to(['orders', order.id]) }, content(order)) },
      { title: 'Status', cell: (order) => [status(order.status), order.reason ? [' ', why(order.reason)] : null] },
      { title: 'Total', kind: 'number', cell: (order) => money(order.total) },
      { title: 'Made', kind: 'tight', cell: (order) => ago(order.createdAt) },
      { title: 'Id', cell: (order) => idLink(order.id, to(['orders', order.id])) },
    ],
    load: (cursor) => get('orders', { query: { limit: 50, cursor }, signal }),
    matches: (/** @type {Order} */ order) =>
      (!states.value || order.status === states.value) &&
      `${order.id} ${order.lines.map((line) => `${line.productId} ${line.name}`).join(' ')}`
        .toLowerCase()
        .includes(search.value.toLowerCase()),
    empty: (reload) =>
      empty(
        'There are no orders yet',
        may('orders:write') ? button('New order', make, { kind: 'primary' }) : null,
        ' ',
        may('seed') ? button('Load the demo kitchen', () => seed(reload)) : null,
      ),
  });
  const make = () => orderForm((made) => go(['orders', made.id]));
  fill(
    root,
    head(
      'Orders',
      [
        button('Refresh', shown.reload, { symbol: 'refresh' }),
        may('orders:write') && button('New order', make, { kind: 'primary', symbol: 'plus' }),
      ],
      h('p', {}, 'Newest first. Each is confirmed or rejected as a whole.'),
    ),
    h('div', { class: 'filters' }, search, states),
    shown.root,
  );
}

/** @param {import('./router.js').Context} context @param {string} id */
async function one({ root, signal, title, every }, id) {
  title('Order');
  fill(root, loading());
  /** @type {Order} */
  let order = await get(`orders/${segment(id)}`, { signal });
  const events = history(id, signal);
  const place = h('div', {});
  const draw = () => fill(place, outcome(order));
  draw();
  fill(
    root,
    head(
      'Order',
      [button('Order the same', () => again(order), {})],
      h('p', { class: 'crumb' }, h('a', { href: to(['orders']) }, 'Orders'), ' / ', code(id)),
    ),
    place,
    section(
      'What was ordered',
      table(
        'Lines',
        [
          { title: 'Product', cell: (line) => h('a', { href: to(['products', line.productId]) }, data(line.name)) },
          { title: 'Pieces', kind: 'number', cell: (line) => number(line.quantity) },
          { title: 'Price', kind: 'number', cell: (line) => money(line.unitPrice) },
          { title: 'Total', kind: 'number', cell: (line) => money(line.total) },
          {
            title: 'Takes',
            cell: (line) =>
              line.recipe.length === 0
                ? h('span', { class: 'quiet' }, 'pieces only')
                : h(
                    'span',
                    {},
                    line.recipe.map((part, i) => [
                      i > 0 ? ', ' : null,
                      `${number(part.quantity * line.quantity)} `,
                      data(part.unit),
                      ' ',
                      h('a', { href: to(['ingredients', part.ingredientId]) }, part.ingredientId),
                    ]),
                  ),
          },
        ],
        order.lines,
      ),
    ),
    events,
    h('details', {}, h('summary', {}, 'As JSON'), json(order)),
  );
  if (order.status === 'pending') {
    every(1, async () => {
      if (order.status !== 'pending') return;
      order = await get(`orders/${segment(id)}`, { signal });
      draw();
      if (order.status !== 'pending') events.replaceWith(history(id, signal));
    });
  }
}

/** @param {Order} order */
function outcome(order) {
  const told =
    order.status === 'rejected'
      ? h('div', { class: 'verdict bad' }, icon('bad'), h('div', {}, 'Rejected. ', order.reason ? why(order.reason) : null))
      : order.status === 'confirmed'
        ? h('div', { class: 'verdict' }, icon('ok'), 'Confirmed: its products and ingredients are taken.')
        : h(
            'div',
            { class: 'verdict warn' },
            icon('wait'),
            'Pending: the function stock decides it in a moment. This screen follows.',
          );
  const took = Date.parse(order.updatedAt) - Date.parse(order.createdAt);
  return h(
    'div',
    { class: 'card' },
    told,
    facts(
      ['Total', h('b', {}, money(order.total))],
      ['Made', time(order.createdAt)],
      order.status !== 'pending' && ['Decided', time(order.updatedAt)],
      order.status !== 'pending' && ['It took', `${number(took)} ms`],
      order.owner !== undefined && ['By', data(order.owner)],
      order.reason !== undefined && ['Reason', code(order.reason)],
    ),
  );
}

/** @param {Order} order */
function again({ lines }) {
  orderForm((made) => go(['orders', made.id]), lines);
}

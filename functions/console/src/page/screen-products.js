// Products: the list, one product with its history, and what changes it.

import { ApiError, get, may, request, segment } from './api.js';
import { conflict } from './conflict.js';
import { code, data, fill, h } from './dom.js';
import { formDialog, integer, jsonValue, minor } from './form.js';
import { history } from './history.js';
import { badge, button, confirmed, empty, facts, head, idLink, json, loading, meter, say, section } from './parts.js';
import { go, to } from './router.js';
import { list, lowFilter, nameFilter } from './table.js';
import { ago, minorDigits, money, number } from './time.js';

/** @typedef {import('./api.js').Product} Product */
/** @typedef {import('./form.js').Field} Field */

/** @type {import('./router.js').Screen} */
export default (context) => (context.params[0] ? one(context, context.params[0]) : many(context));

/** @param {Product} product */
const isLow = ({ stock, lowStockThreshold }) => lowStockThreshold !== undefined && stock < lowStockThreshold;

/** Stock beside its threshold; twice of it is a full bar. @param {Product} product */
function level(product) {
  const threshold = product.lowStockThreshold;
  return h(
    'span',
    { class: 'level' },
    threshold !== undefined && meter(product.stock, Math.max(threshold * 2, 1), threshold),
    number(product.stock),
    isLow(product) && badge('warn', 'low'),
  );
}

/** @param {import('./router.js').Context} context */
function many(context) {
  const { root, query, signal, title } = context;
  title('Products');
  const search = nameFilter(context, () => shown.draw());
  const low = lowFilter(context, 'Only low stock', () => void shown.reload());
  const shown = list({
    caption: 'Products',
    columns: [
      { title: 'Product', cell: (product) => h('a', { href: to(['products', product.id]) }, data(product.name)) },
      { title: 'Id', cell: (product) => code(product.id, { class: 'quiet' }) },
      { title: 'Price', kind: 'number', cell: (product) => money(product.price) },
      { title: 'Stock', cell: level },
      { title: 'Changed', kind: 'tight', cell: (product) => ago(product.updatedAt) },
    ],
    load: (cursor) => get('products', { query: { limit: 50, cursor, lowStock: query.get('low') === '1' }, signal }),
    matches: (/** @type {Product} */ { id, name }) => `${id} ${name}`.toLowerCase().includes(search.value.toLowerCase()),
    empty: (reload) =>
      query.get('low') === '1'
        ? empty('No product is low', 'Every product has at least as many pieces as its threshold says.')
        : empty(
            'There are no products yet',
            may('products:write') ? button('New product', create, { kind: 'primary' }) : null,
            ' ',
            may('seed') ? button('Load the demo kitchen', () => seed(reload)) : null,
          ),
  });
  const create = () => edit(null, null, (product) => go(['products', product.id]));
  fill(
    root,
    head(
      'Products',
      [may('products:write') && button('New product', create, { kind: 'primary', symbol: 'plus' })],
      h('p', {}, 'What can be ordered, and how many pieces there are.'),
    ),
    h('div', { class: 'filters' }, search, low),
    shown.root,
  );
}

/** Loads the demo data, as far as it is not there. @param {() => unknown} then */
export async function seed(then) {
  try {
    const { data: made } = await request('POST', 'orders/seed');
    say(`The demo kitchen is there: ${made.products.length} products of ${made.ingredients.length} ingredients.`);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), 'bad');
  }
  await then();
}

/** @param {import('./router.js').Context} context @param {string} id */
async function one({ root, signal, title, again }, id) {
  title(id);
  fill(root, loading());
  const { data: product, etag } = await request('GET', `products/${segment(id)}`, { signal });
  title(product.name);
  const remove = () =>
    confirmed(
      'Delete this product?',
      h('span', {}, data(product.name), ' can then not be ordered any more. Its events stay in the log.'),
      'Delete',
      async () => {
        await request('DELETE', `products/${segment(id)}`, { ifMatch: etag });
        say('Deleted.');
        go(['products']);
      },
    );
  const actions = may('products:write')
    ? [button('Change', () => edit(product, etag, again), { kind: 'primary' }), button('Delete', remove, { kind: 'danger' })]
    : [];
  fill(
    root,
    head(product.name, actions, h('p', { class: 'crumb' }, h('a', { href: to(['products']) }, 'Products'), ' / ', code(id))),
    section(
      'Now',
      product.description && h('p', {}, data(product.description)),
      facts(
        ['Stock', level(product)],
        ['Threshold', product.lowStockThreshold === undefined ? '–' : number(product.lowStockThreshold)],
        ['Price', money(product.price)],
        ['Version', String(product.version)],
        ['Made', ago(product.createdAt)],
        ['Changed', ago(product.updatedAt)],
      ),
    ),
    section(
      'Recipe',
      product.recipe.length === 0
        ? h('p', { class: 'quiet' }, 'It is sold as it is: an order takes pieces and no ingredients.')
        : h(
            'ul',
            {},
            product.recipe.map((/** @type {Product['recipe'][number]} */ part) =>
              h(
                'li',
                {},
                number(part.quantity),
                ' ',
                data(part.unit),
                ' ',
                idLink(part.ingredientId, to(['ingredients', part.ingredientId])),
              ),
            ),
          ),
    ),
    history(id, signal),
    h('details', {}, h('summary', {}, 'As JSON'), json(product)),
  );
}

/** @param {Product | null} product @returns {Field[]} */
function fieldsOf(product) {
  const price = product && product.price.amount / 10 ** (minorDigits(product.price.currency) ?? 0);
  return [
    {
      at: '/id',
      label: 'Id',
      value: product?.id,
      optional: true,
      fixed: product !== null,
      hint: product ? '' : 'Letters, digits, _ and -. One is made if this is empty.',
    },
    { at: '/name', label: 'Name', value: product?.name },
    { at: '/description', label: 'Description', type: 'textarea', value: product?.description, optional: true },
    { at: '/price/amount', half: true, label: 'Price', type: 'number', value: price ?? '', hint: 'Such as 9.50.' },
    {
      at: '/price/currency',
      half: true,
      label: 'Currency',
      value: product?.price.currency ?? 'EUR',
      choices: ['EUR', 'USD', 'GBP', 'CHF', 'JPY'],
    },
    { at: '/stock', half: true, label: 'Stock', type: 'number', value: product?.stock ?? 0, read: integer },
    {
      at: '/lowStockThreshold',
      half: true,
      label: 'Low below',
      type: 'number',
      value: product?.lowStockThreshold,
      optional: true,
      read: integer,
    },
    {
      at: '/recipe',
      label: 'Recipe',
      type: 'json',
      value: product?.recipe ?? [],
      optional: true,
      read: jsonValue,
      hint: 'As JSON: [{"ingredientId": "cheese", "quantity": 2, "unit": "slices"}]',
    },
  ];
}

/** Makes a product, or replaces the one that was read. @param {Product | null} product @param {string | null} etag @param {(product: Product) => unknown} then */
function edit(product, etag, then) {
  let current = etag;
  formDialog({
    title: product ? 'Change the product' : 'New product',
    fields: fieldsOf(product),
    submit: product ? 'Save' : 'Create',
    send: async (body, key) => {
      body['price'].amount = minor(String(body['price'].amount), body['price'].currency);
      const { data: saved } = product
        ? await request('PUT', `products/${segment(product.id)}`, { body, ifMatch: current })
        : await request('POST', 'products', { body, key });
      await then(saved);
      return product ? `Saved as version ${saved.version}.` : 'Created.';
    },
    conflict: (error, close) =>
      error instanceof ApiError && error.code === 'version_mismatch' && product
        ? conflict(
            `products/${segment(product.id)}`,
            product,
            (tag) => (current = tag),
            () => (close(), then(product)),
          )
        : null,
  });
}

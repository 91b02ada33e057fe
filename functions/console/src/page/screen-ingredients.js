// Ingredients: how full each is, restocking, and the history of one.

import { ApiError, get, may, request, segment } from './api.js';
import { conflict } from './conflict.js';
import { code, data, fill, h } from './dom.js';
import { formDialog, integer } from './form.js';
import { history } from './history.js';
import { badge, button, empty, facts, head, json, loading, meter, section } from './parts.js';
import { go, to } from './router.js';
import { seed } from './screen-products.js';
import { list, lowFilter, nameFilter } from './table.js';
import { ago, number } from './time.js';

/** @typedef {import('./api.js').Ingredient} Ingredient */
/** @typedef {import('./form.js').Field} Field */

/** @type {import('./router.js').Screen} */
export default (context) => (context.params[0] ? one(context, context.params[0]) : many(context));

/** A mail is sent when an ingredient falls below half. @param {Ingredient} ingredient */
const isLow = ({ stock, fullLevel }) => stock * 2 < fullLevel;

/** @param {Ingredient} ingredient */
function level(ingredient) {
  const { stock, fullLevel, unit } = ingredient;
  return h(
    'span',
    { class: 'level' },
    meter(stock, fullLevel, fullLevel / 2),
    h('span', {}, `${number(stock)} / ${number(fullLevel)} `, data(unit)),
    isLow(ingredient) && badge('bad', 'below half'),
  );
}

/** @param {import('./router.js').Context} context */
function many(context) {
  const { root, query, signal, title } = context;
  title('Ingredients');
  const search = nameFilter(context, () => shown.draw());
  const low = lowFilter(context, 'Only below half', () => shown.draw());
  /** @type {import('./table.js').List<Ingredient>} */
  const shown = list({
    caption: 'Ingredients',
    columns: [
      {
        title: 'Ingredient',
        cell: (ingredient) => h('a', { href: to(['ingredients', ingredient.id]) }, data(ingredient.name)),
      },
      { title: 'Level', cell: level },
      {
        title: 'Alert to',
        cell: (ingredient) => (ingredient.alertEmail ? data(ingredient.alertEmail) : h('span', { class: 'quiet' }, 'nobody')),
      },
      { title: 'Changed', kind: 'tight', cell: (ingredient) => ago(ingredient.updatedAt) },
      {
        title: '',
        kind: 'end',
        cell: (ingredient) =>
          may('ingredients:write') ? button('Restock', () => restock(ingredient, shown.reload), { kind: 'small' }) : null,
      },
    ],
    load: (cursor) => get('ingredients', { query: { limit: 50, cursor }, signal }),
    matches: (/** @type {Ingredient} */ it) =>
      `${it.id} ${it.name}`.toLowerCase().includes(search.value.toLowerCase()) && (query.get('low') !== '1' || isLow(it)),
    empty: (reload) =>
      empty(
        'There are no ingredients yet',
        may('ingredients:write') ? button('New ingredient', create, { kind: 'primary' }) : null,
        ' ',
        may('seed') ? button('Load the demo kitchen', () => seed(reload)) : null,
      ),
  });
  const create = () => edit(null, null, (ingredient) => go(['ingredients', ingredient.id]));
  fill(
    root,
    head(
      'Ingredients',
      [may('ingredients:write') && button('New ingredient', create, { kind: 'primary', symbol: 'plus' })],
      h('p', {}, 'What products are made of. One mail goes out when an ingredient falls below half of its full level.'),
    ),
    h('div', { class: 'filters' }, search, low),
    shown.root,
  );
}

/** @param {import('./router.js').Context} context @param {string} id */
async function one({ root, signal, title, again }, id) {
  title(id);
  fill(root, loading());
  const { data: ingredient, etag } = await request('GET', `ingredients/${segment(id)}`, { signal });
  title(ingredient.name);
  const actions = may('ingredients:write')
    ? [
        button('Restock', () => restock(ingredient, again), { kind: 'primary', symbol: 'plus' }),
        button('Change', () => edit(ingredient, etag, again)),
      ]
    : [];
  fill(
    root,
    head(
      ingredient.name,
      actions,
      h('p', { class: 'crumb' }, h('a', { href: to(['ingredients']) }, 'Ingredients'), ' / ', code(id)),
    ),
    section(
      'Now',
      facts(
        ['Level', level(ingredient)],
        ['Alert to', ingredient.alertEmail ? data(ingredient.alertEmail) : 'nobody'],
        ['Version', String(ingredient.version)],
        ['Made', ago(ingredient.createdAt)],
        ['Changed', ago(ingredient.updatedAt)],
      ),
    ),
    history(id, signal),
    h('details', {}, h('summary', {}, 'As JSON'), json(ingredient)),
  );
}

/** @param {Ingredient} ingredient @param {() => unknown} then */
function restock(ingredient, then) {
  const missing = Math.max(ingredient.fullLevel - ingredient.stock, 1);
  formDialog({
    title: `Restock ${ingredient.name}`,
    fields: [
      {
        at: '/quantity',
        label: `How much, in ${ingredient.unit}`,
        type: 'number',
        value: missing,
        read: integer,
        hint: `There are ${number(ingredient.stock)}; full is ${number(ingredient.fullLevel)}.`,
      },
    ],
    submit: 'Restock',
    send: async (body, key) => {
      const { data: saved } = await request('POST', `ingredients/${segment(ingredient.id)}/restock`, { body, key });
      await then();
      return `There are ${number(saved.stock)} now.`;
    },
  });
}

/** @param {Ingredient | null} ingredient @returns {Field[]} */
const fieldsOf = (ingredient) => [
  {
    at: '/id',
    label: 'Id',
    value: ingredient?.id,
    optional: true,
    fixed: ingredient !== null,
    hint: ingredient ? '' : 'Letters, digits, _ and -. One is made if this is empty.',
  },
  { at: '/name', label: 'Name', value: ingredient?.name },
  { at: '/unit', label: 'Unit', value: ingredient?.unit ?? 'g', choices: ['g', 'ml', 'pieces', 'slices'] },
  { at: '/stock', half: true, label: 'Stock', type: 'number', value: ingredient?.stock ?? 0, read: integer },
  { at: '/fullLevel', half: true, label: 'Full level', type: 'number', value: ingredient?.fullLevel ?? '', read: integer },
  {
    at: '/alertEmail',
    label: 'Alert to',
    type: 'email',
    value: ingredient?.alertEmail,
    optional: true,
    hint: 'Who gets a mail when it falls below half.',
  },
];

/** @param {Ingredient | null} ingredient @param {string | null} etag @param {(ingredient: Ingredient) => unknown} then */
function edit(ingredient, etag, then) {
  let current = etag;
  formDialog({
    title: ingredient ? 'Change the ingredient' : 'New ingredient',
    fields: fieldsOf(ingredient),
    submit: ingredient ? 'Save' : 'Create',
    send: async (body, key) => {
      const { data: saved } = ingredient
        ? await request('PUT', `ingredients/${segment(ingredient.id)}`, { body, ifMatch: current })
        : await request('POST', 'ingredients', { body, key });
      await then(saved);
      return ingredient ? `Saved as version ${saved.version}.` : 'Created.';
    },
    conflict: (error, close) =>
      error instanceof ApiError && error.code === 'version_mismatch' && ingredient
        ? conflict(
            `ingredients/${segment(ingredient.id)}`,
            ingredient,
            (tag) => (current = tag),
            () => (close(), then(ingredient)),
          )
        : null,
  });
}

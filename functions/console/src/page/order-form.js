// The form that makes an order.

import { all, request } from './api.js';
import { h, icon } from './dom.js';
import { formDialog, integer } from './form.js';
import { badge, button } from './parts.js';
import { money } from './time.js';

/** @typedef {import('./api.js').Order} Order */
/** @typedef {import('./api.js').Product} Product */

/**
 * The form that makes an order.
 * @param {(order: Order) => unknown} then
 * @param {{productId: string, quantity: number}[]} [lines]
 */
export async function orderForm(then, lines = [{ productId: '', quantity: 1 }]) {
  /** @type {Product[]} */
  const products = await all('products').then(
    ({ items }) => /** @type {Product[]} */ (items),
    () => [],
  );
  const rows = h('div', { class: 'lines' });
  const choices = h(
    'datalist',
    { id: 'order-products' },
    products.map(({ id, name, stock, price }) => h('option', { value: id }, `${name}, ${money(price)}, ${stock} left`)),
  );
  const add = (/** @type {{productId: string, quantity: number}} */ line) => {
    const element = h(
      'div',
      { class: 'field', 'data-at': `/lines/${rows.childElementCount}` },
      h('input', {
        value: line.productId,
        list: 'order-products',
        placeholder: 'Product',
        'aria-label': 'Product',
        class: 'product',
        autocomplete: 'off',
      }),
      h('input', { value: line.quantity, type: 'number', min: 1, 'aria-label': 'Pieces', class: 'pieces' }),
      h(
        'button',
        {
          type: 'button',
          class: 'button icon-only',
          'aria-label': 'Remove the line',
          onclick: () => {
            element.remove();
            [...rows.children].forEach((row, i) => row.setAttribute('data-at', `/lines/${i}`));
          },
        },
        icon('bad'),
      ),
      h('p', { class: 'problem' }),
    );
    rows.append(element);
    return element;
  };
  lines.forEach(add);
  if (products.length === 0) rows.prepend(badge('info', 'There are no products to choose from'));
  formDialog({
    title: 'New order',
    fields: [],
    submit: 'Order',
    extra: () => [
      choices,
      rows,
      h(
        'p',
        { class: 'actions' },
        button(
          'One more product',
          () => /** @type {HTMLElement} */ (add({ productId: '', quantity: 1 }).firstElementChild).focus(),
          { kind: 'small', symbol: 'plus' },
        ),
      ),
    ],
    compose: () => ({
      lines: [...rows.querySelectorAll('.field')].map((row) => ({
        productId: /** @type {HTMLInputElement} */ (row.querySelector('.product')).value.trim(),
        quantity: integer(/** @type {HTMLInputElement} */ (row.querySelector('.pieces')).value),
      })),
    }),
    send: async (body, key) => {
      const { data: made } = await request('POST', 'orders', { body, key });
      await then(made);
      return 'Ordered. It is decided in a moment.';
    },
  });
}

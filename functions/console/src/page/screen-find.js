// Finds what has an id, whatever it is.

import { find, segment } from './api.js';
import { code, fill, h, icon } from './dom.js';
import { empty, head, loading, section } from './parts.js';
import { read, to } from './router.js';

/** Where an id may be: the path that reads it, the screen that shows it, and what it is then. @type {[string, string, string][]} */
const PLACES = [
  ['orders', 'orders', 'Order'],
  ['event-log', 'event', 'Event'],
  ['events', 'event', 'User’s event'],
  ['products', 'products', 'Product'],
  ['ingredients', 'ingredients', 'Ingredient'],
  ['timers', 'timers', 'Timer'],
];

/** @type {import('./router.js').Screen} */
export default async ({ root, query, signal, title }) => {
  const id = query.get('q') ?? '';
  title('Find');
  if (!id) {
    const help = [h('a', { href: to(['overview']) }, 'To the overview'), ' ', code(read(location.hash).name)];
    return fill(root, head('Find'), empty('There is no such screen', ...help));
  }
  fill(root, head('Find'), loading());
  // What may not be read is not found.
  const found = await Promise.all(
    PLACES.map(async ([path]) =>
      find(`${path}/${segment(id)}`, { signal }).catch((error) => (error.status === 409 ? {} : null)),
    ),
  );
  /** @type {{items: unknown[]} | null} */
  const user = await find(`users/${segment(id)}/events`, { query: { limit: 1 }, signal }).catch(() => null);
  if (signal.aborted) return;
  /** @type {[string, string][]} */
  const places = PLACES.filter((_, i) => found[i] !== null).map(([, screen, what]) => [screen, what]);
  if (user && user.items.length > 0) places.push(['users', 'User']);
  const distinct = places.filter(([screen], i) => places.findIndex(([other]) => other === screen) === i);
  const [only] = distinct;
  if (only && distinct.length === 1) return location.replace(to([only[0], id]));
  fill(
    root,
    head('Find', [], h('p', {}, code(id))),
    distinct.length === 0
      ? empty(
          'Nothing has this id',
          'Orders, events, products, ingredients, timers and users were looked through. The log of events is written once a second.',
        )
      : section(
          'It may be',
          h(
            'ul',
            {},
            distinct.map(([screen, what]) => h('li', {}, icon('next'), ' ', h('a', { href: to([screen, id]) }, what))),
          ),
        ),
  );
};

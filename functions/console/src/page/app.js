// The shell: navigation, search, shortcuts, and the token that is sent.

import { ApiError, credential, isLocal, request } from './api.js';
import { fill, h, icon } from './dom.js';
import { input } from './form.js';
import { askForCredential, button, dialog, failure, say } from './parts.js';
import { go, read, start, to } from './router.js';

/** @type {import('./router.js').Screens} */
const SCREENS = {
  overview: () => import('./screen-overview.js'),
  live: () => import('./screen-live.js'),
  event: () => import('./screen-event.js'),
  products: () => import('./screen-products.js'),
  ingredients: () => import('./screen-ingredients.js'),
  orders: () => import('./screen-orders.js'),
  timers: () => import('./screen-timers.js'),
  users: () => import('./screen-users.js'),
  letters: () => import('./screen-letters.js'),
  analytics: () => import('./screen-analytics.js'),
  local: () => import('./screen-local.js'),
  tour: () => import('./screen-tour.js'),
  find: () => import('./screen-find.js'),
  nowhere: () => import('./screen-find.js'),
};

/** Name, title, key of each screen in the navigation; null is a line between. @type {([string, string, string] | null)[]} */
const NAVIGATION = [
  ['overview', 'Overview', 'o'],
  ['live', 'Live', 'l'],
  null,
  ['products', 'Products', 'p'],
  ['ingredients', 'Ingredients', 'i'],
  ['orders', 'Orders', 'b'],
  ['timers', 'Timers', 't'],
  ['users', 'Users', 'u'],
  null,
  ['letters', 'Dead letters', 'd'],
  ['analytics', 'Analytics', 'a'],
];
/** @type {[string, string, string][]} */
const LOCAL = [
  ['local', 'Local stack', 's'],
  ['tour', 'Guided tour', 'g'],
];

const links = h('ul');
const nav = h('nav', { 'aria-label': 'Screens', id: 'nav' }, links);
const search = h('input', {
  type: 'search',
  name: 'q',
  placeholder: 'Find by id',
  'aria-label': 'Find an order, event, product, ingredient, timer or user by id',
  autocomplete: 'off',
  spellcheck: 'false',
});
const outlet = h('main', { id: 'main', tabindex: -1 });
const menu = h(
  'button',
  {
    class: 'button icon-only menu',
    'aria-label': 'Screens',
    'aria-expanded': 'false',
    'aria-controls': 'nav',
    onclick: () => toggle(),
  },
  icon('menu'),
);
const key = h(
  'button',
  { class: 'button icon-only', 'aria-label': 'Token or API key', title: 'Token or API key', onclick: askForCredential },
  icon('key'),
);

/** @param {boolean} [open] */
function toggle(open = !document.body.classList.contains('open')) {
  document.body.classList.toggle('open', open);
  menu.setAttribute('aria-expanded', String(open));
}

document.body.prepend(
  h(
    'a',
    { href: '#main', class: 'skip', onclick: (/** @type {Event} */ event) => (event.preventDefault(), outlet.focus()) },
    'Skip to content',
  ),
  h(
    'header',
    { class: 'top' },
    menu,
    h(
      'a',
      { class: 'brand', href: to(['overview']) },
      h('img', { src: new URL('icon.svg', import.meta.url).href, alt: '', width: 24, height: 24 }),
      'Millrace',
    ),
    h(
      'form',
      {
        role: 'search',
        onsubmit: (/** @type {Event} */ event) => (
          event.preventDefault(),
          search.value.trim() && go(['find'], { q: search.value.trim() })
        ),
      },
      search,
      h('kbd', { 'aria-hidden': 'true' }, '/'),
    ),
    h(
      'div',
      { class: 'tools' },
      key,
      h(
        'button',
        { class: 'button icon-only', 'aria-label': 'Keyboard shortcuts', title: 'Keyboard shortcuts (?)', onclick: shortcuts },
        '?',
      ),
    ),
  ),
  nav,
  outlet,
  h('div', { id: 'said', role: 'status' }),
);

/** @param {[string, string, string] | null} entry */
function link(entry) {
  if (!entry) return h('li', { class: 'line', 'aria-hidden': 'true' });
  const [name, title] = entry;
  return h('li', {}, h('a', { href: to([name]), 'data-screen': name }, icon(name), title));
}
fill(links, NAVIGATION.map(link));

/** @param {string} name */
function mark(name) {
  toggle(false);
  const shown = name === 'event' ? 'live' : name;
  for (const anchor of links.querySelectorAll('a')) {
    if (anchor.dataset['screen'] === shown) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  }
}

const again = start(outlet, SCREENS, mark);
void isLocal().then((local) => {
  if (!local) return;
  links.append(link(null), ...LOCAL.map(link));
  mark(read(location.hash).name || 'overview');
});

let waitsForScreen = false;
addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.target instanceof HTMLElement && event.target.matches('input, textarea, select')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const screen = [...NAVIGATION, ...LOCAL].find((entry) => entry?.[2] === event.key);
  if (waitsForScreen && screen) go([screen[0]]);
  else if (event.key === '/')
    (event.preventDefault(), /** @type {HTMLElement} */ (outlet.querySelector('input[type=search]') ?? search).focus());
  else if (event.key === '?') shortcuts();
  else if (event.key === 'r') again();
  else if (event.key === 'n') /** @type {HTMLElement | null} */ (outlet.querySelector('.head .primary'))?.click();
  waitsForScreen = event.key === 'g' && !waitsForScreen;
});

function shortcuts() {
  const keys = [
    ['/', 'Search'],
    ['?', 'This list'],
    ['r', 'Load the screen anew'],
    ['n', 'New, or the main action of the screen'],
    ['Esc', 'Leave a field, close a dialog'],
  ];
  const places = [...NAVIGATION, ...LOCAL].filter((entry) => entry !== null).map(([, title, letter]) => [`g ${letter}`, title]);
  const list = [...keys, ...places].map(([press = '', what]) =>
    h(
      'div',
      {},
      h(
        'dt',
        {},
        press.split(' ').map((part) => h('kbd', {}, part)),
      ),
      h('dd', {}, what),
    ),
  );
  dialog('Keyboard shortcuts', () => [h('dl', { class: 'keys' }, list)]);
}

addEventListener('credential', () => {
  dialog('Token or API key', (close) => {
    const problem = h('div');
    const form = h(
      'form',
      {
        onsubmit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          const before = credential.get();
          credential.set(/** @type {HTMLInputElement} */ (form.elements.namedItem('credential')).value.trim());
          try {
            await request('GET', 'health/ready');
          } catch (error) {
            // What may not see the health may do other things.
            if (error instanceof ApiError && error.status === 401) {
              fill(problem, failure(error));
              credential.set(before);
              return;
            }
          }
          close();
          say(credential.get() ? 'Every request has it now, until this tab is closed.' : 'Forgotten.');
          again();
        },
      },
      problem,
      input({
        at: 'credential',
        label: 'Access token, or API key (mr_…)',
        type: 'password',
        value: credential.get(),
        hint: 'Kept in this tab alone, and sent to no one but this stack. Leave it empty to forget it.',
      }),
      h('p', { class: 'actions' }, h('button', { class: 'button primary' }, 'Use it'), button('Cancel', close)),
    );
    return [form];
  });
});

// Events as they come. A pause holds the list still and counts what comes meanwhile.

import { ApiError } from './api.js';
import { code, data, fill, h } from './dom.js';
import { badge, button, empty, failure, head, loading } from './parts.js';
import { to } from './router.js';
import { follow, followLog } from './stream.js';
import { clock, count, number } from './time.js';

/** @typedef {import('./stream.js').Item} Item */

/** Most events that are kept for the filters. */
const KEPT = 2000;

/** Most events that are shown. */
const SHOWN = 300;

const TOPICS = [
  'product-events',
  'order_created',
  'order-events',
  'notify',
  'user-activity-events',
  'timer-requests',
  'timer-due',
];
const TYPES = [
  'ProductCreated',
  'ProductUpdated',
  'ProductDeleted',
  'LowStockWarning',
  'OrderCreated',
  'OrderConfirmed',
  'OrderRejected',
  'Notify',
  'UserActivity',
  'TimerRequested',
  'TimerCancelled',
  'TimerFired',
  'TimerFailed',
  'TimerDue',
  'DeadLetter',
  'UserActivityCount',
];

/** @type {Record<import('./stream.js').State['kind'], import('./parts.js').Tone>} */
const TONES = { open: 'ok', polling: 'ok', connecting: 'wait', lost: 'bad' };

/** @type {import('./router.js').Screen} */
export default ({ root, query, signal, title, remember }) => {
  title('Live');
  /** @type {Item[]} */
  let items = [];
  /** @type {Item[]} */
  let waiting = [];
  let paused = false;
  let came = 0;
  const state = h('span', { role: 'status' }, badge('wait', 'Connecting'));
  const counted = h('span', { class: 'quiet', role: 'status' });
  const rows = h('ol', { class: 'stream' });
  const place = h('div', { class: 'scroll' }, loading());
  const pause = h('button', { class: 'button primary', 'aria-pressed': 'false', onclick: () => toggle() }, 'Pause');
  const type = select('Type', 'type', TYPES);
  const topic = select('Topic', 'topic', TOPICS);
  const subject = h('input', {
    type: 'search',
    placeholder: 'Subject',
    'aria-label': 'Filter by subject',
    value: query.get('subject') ?? '',
    oninput: () => (remember({ subject: subject.value }), draw()),
  });

  /** @param {string} label @param {string} name @param {string[]} values */
  function select(label, name, values) {
    const element = h(
      'select',
      { 'aria-label': label, onchange: () => (remember({ [name]: element.value }), draw()) },
      h('option', { value: '' }, `Every ${label.toLowerCase()}`),
      values.map((value) => h('option', { value, selected: value === query.get(name) }, value)),
    );
    return element;
  }

  /** @param {Item} item */
  const matches = (item) =>
    (!type.value || item.type === type.value) &&
    (!topic.value || item.topic === undefined || item.topic === topic.value) &&
    item.subject.toLowerCase().includes(subject.value.toLowerCase());

  function toggle() {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Go on' : 'Pause';
    if (!paused) add(waiting.splice(0));
    tell();
  }

  function tell() {
    counted.textContent = paused
      ? `${count(waiting.length, 'event')} came meanwhile`
      : `${count(came, 'event')} since this screen was opened`;
  }

  function draw() {
    const shown = items.filter(matches).slice(0, SHOWN);
    rows.replaceChildren(...shown.map((item) => line(item, false)));
    fill(
      place,
      shown.length > 0
        ? rows
        : items.length > 0
          ? empty('Nothing matches', 'Change the filter, or wait.')
          : empty(
              'Nothing happens right now',
              'Make an order or change a product: it is here about a second later.',
              ' ',
              h('a', { href: to(['orders']) }, 'To the orders'),
            ),
    );
  }

  /** @param {Item[]} fresh Oldest first. */
  function add(fresh) {
    if (fresh.length === 0) return;
    items = [...fresh.toReversed(), ...items].slice(0, KEPT);
    const shown = fresh.filter(matches);
    if (!rows.isConnected) return draw();
    rows.prepend(...shown.toReversed().map((item) => line(item, true)));
    while (rows.childElementCount > SHOWN) rows.lastElementChild?.remove();
  }

  fill(
    root,
    head('Live', [counted, pause], state),
    h(
      'div',
      { class: 'tabs' },
      [
        ['', 'Every event'],
        ['notifications', 'Notifications'],
      ].map(([name, text]) =>
        h(
          'a',
          { href: to(['live'], { feed: name }), 'aria-current': (query.get('feed') ?? '') === name ? 'page' : null },
          text,
        ),
      ),
    ),
    h(
      'div',
      { class: 'filters' },
      type,
      topic,
      subject,
      button('Clear', () => {
        items = [];
        draw();
      }),
    ),
    place,
  );
  draw();
  tell();
  const feed = query.get('feed') === 'notifications';
  (feed ? follow : followLog)({
    signal,
    came(fresh) {
      came += fresh.length;
      if (paused) waiting = [...waiting, ...fresh].slice(-KEPT);
      else add(fresh);
      tell();
    },
    changed: ({ kind, text }) => fill(state, badge(TONES[kind], text)),
  }).catch((error) => {
    if (signal.aborted) return;
    const none = error instanceof ApiError && error.status === 404;
    fill(
      place,
      none
        ? empty('This page does not know where the notifications are streamed', h('a', { href: to(['live']) }, 'Every event, from the log'))
        : failure(error),
    );
  });
};

/** @param {Item} item @param {boolean} fresh */
function line(item, fresh) {
  return h(
    'li',
    { class: fresh ? 'fresh' : null },
    h('span', { class: 'quiet' }, clock(item.time)),
    item.type === 'UserActivityCount'
      ? h('span', {}, item.type)
      : h('a', { href: to(['event', item.eventId], { source: item.source }) }, item.type),
    h('span', { class: 'subject' }, data(item.title ?? item.subject), summary(item)),
    h('span', { class: 'quiet tag' }, item.topic ?? (item.seq === undefined ? '' : `#${number(item.seq)}`)),
  );
}

/** A few words of its data. @param {Item} item */
function summary({ data: payload }) {
  if (typeof payload !== 'object' || payload === null) return null;
  const some = Object.entries(payload).filter(
    ([name, value]) =>
      ['name', 'status', 'stock', 'reason', 'type', 'url', 'version'].includes(name) &&
      (typeof value === 'string' || typeof value === 'number'),
  );
  return some.map(([name, value]) => [' ', h('span', { class: 'quiet' }, `${name} `), code(value)]);
}

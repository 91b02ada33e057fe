// One user's events in the order of their `seq`: processed, waiting, the gap that they wait for, failed.

import { ApiError, all, may, request, segment } from './api.js';
import { code, data, fill, h, icon } from './dom.js';
import { formDialog, integer, jsonValue } from './form.js';
import { badge, button, empty, failure, head, loading, status } from './parts.js';
import { go, to } from './router.js';
import { table } from './table.js';
import { ago, count, number, time } from './time.js';

/** @typedef {import('./api.js').UserEvent} UserEvent */

/** Most events of a user that are loaded. */
const MOST = 1000;

/** @type {import('./router.js').Screen} */
export default (context) => (context.params[0] ? one(context, context.params[0]) : choose(context));

/** @param {import('./router.js').Context} context */
async function choose({ root, signal, title }) {
  title('Users');
  const input = h('input', { type: 'search', placeholder: 'User id', 'aria-label': 'User id', autocomplete: 'off' });
  const form = h(
    'form',
    {
      class: 'filters',
      onsubmit: (/** @type {Event} */ event) => (
        event.preventDefault(),
        input.value.trim() && go(['users', input.value.trim()])
      ),
    },
    input,
    h('button', { class: 'button' }, 'Show'),
  );
  const place = h('div', {}, loading());
  fill(
    root,
    head(
      'Users',
      [
        may('events:write') &&
          button('Send an event', () => send('', (user) => go(['users', user])), { kind: 'primary', symbol: 'plus' }),
      ],
      h('p', {}, 'What each user did, processed once and in the order of its numbers.'),
    ),
    form,
    place,
  );
  try {
    const { items } = /** @type {{items: UserEvent[]}} */ (
      /** @type {any} */ (await all('events/processed', { signal, most: 200 }))
    );
    const users = [...Map.groupBy(items, (it) => it.userId)];
    fill(
      place,
      users.length === 0
        ? empty('No event of a user was processed yet', 'Send one, or ask for a user by id.')
        : table(
            'Users whose events were processed last',
            [
              { title: 'User', cell: ([user]) => h('a', { href: to(['users', user]) }, data(user)) },
              { title: 'Last event', cell: ([, events]) => data(events[0]?.type ?? '') },
              { title: 'Processed', kind: 'tight', cell: ([, events]) => ago(events[0]?.processedAt) },
              { title: 'Among the last 200', kind: 'number', cell: ([, events]) => number(events.length) },
            ],
            users,
          ),
    );
  } catch (error) {
    // A user's own token may not see others.
    fill(
      place,
      error instanceof ApiError && error.status === 403
        ? empty('Ask for a user by id', 'The token may not list the events of all users.')
        : failure(error),
    );
  }
}

/** @param {import('./router.js').Context} context @param {string} user */
async function one({ root, signal, title, every }, user) {
  title(user);
  const place = h('div', { class: 'stack' }, loading());
  fill(
    root,
    head(
      user,
      [may('events:write') && button('Send an event', () => send(user, () => show()), { kind: 'primary', symbol: 'plus' })],
      h('p', { class: 'crumb' }, h('a', { href: to(['users']) }, 'Users')),
    ),
    place,
  );
  let waits = false;
  let drawn = '';
  const show = async () => {
    try {
      const { items, more } = /** @type {{items: UserEvent[], more: boolean}} */ (
        /** @type {any} */ (await all(`users/${segment(user)}/events`, { signal, most: MOST }))
      );
      waits = items.some((event) => event.status === 'buffered');
      const text = JSON.stringify(items);
      if (text !== drawn) fill(place, sequence(items, more));
      drawn = text;
    } catch (error) {
      if (!signal.aborted) fill(place, failure(error, show));
    }
  };
  await show();
  every(2, () => waits && show());
}

/** The rows of a sequence: events, and the numbers that are missing before those that wait. @param {UserEvent[]} items */
function rows(items) {
  /** @type {(UserEvent | {from: number, to: number, waited: boolean})[]} */
  const all = [];
  let next = 1;
  for (const event of items) {
    if (event.seq !== null && event.seq > next)
      all.push({ from: next, to: event.seq - 1, waited: event.status === 'buffered' });
    if (event.seq !== null) next = event.seq + 1;
    all.push(event);
  }
  return all;
}

/** @param {UserEvent[]} items @param {boolean} more */
function sequence(items, more) {
  if (items.length === 0) return empty('Nothing of this user is known', 'Events appear here a moment after they were sent.');
  const of = (/** @type {string} */ kind) => items.filter((event) => event.status === kind).length;
  const gap = rows(items).find((row) => 'from' in row && row.waited);
  const told =
    gap && 'from' in gap
      ? h(
          'div',
          { class: 'verdict warn' },
          icon('wait'),
          h(
            'div',
            {},
            `${count(of('buffered'), 'event')} wait for number ${range(gap)}, which has not come. After its deadline the gap is stepped over.`,
          ),
        )
      : of('failed') > 0
        ? h(
            'div',
            { class: 'verdict bad' },
            icon('bad'),
            h(
              'div',
              {},
              `${count(of('failed'), 'event')} failed on every attempt and became dead letters. `,
              h('a', { href: to(['letters']) }, 'Send them again'),
            ),
          )
        : null;
  return [
    told,
    h(
      'div',
      { class: 'filters' },
      badge('ok', `${number(of('processed'))} processed`),
      badge('wait', `${number(of('buffered'))} waiting`),
      badge(of('failed') > 0 ? 'bad' : 'off', `${number(of('failed'))} failed`),
    ),
    table(
      'Events of the user, by number',
      [
        {
          title: 'Number',
          kind: 'number',
          cell: (row) => ('from' in row ? range(row) : row.seq === null ? '–' : String(row.seq)),
        },
        {
          title: 'Event',
          cell: (row) =>
            'from' in row
              ? h('span', { class: 'quiet' }, row.waited ? 'has not come' : 'never came; stepped over')
              : h('a', { href: to(['event', row.eventId], { source: row.source }) }, data(row.type)),
        },
        {
          title: 'Status',
          cell: (row) =>
            'from' in row
              ? badge(row.waited ? 'warn' : 'off', 'gap')
              : [status(row.status), row.late ? [' ', badge('info', 'late')] : null],
        },
        { title: 'Attempts', kind: 'number', cell: (row) => ('from' in row ? '' : number(row.attempts)) },
        {
          title: 'When',
          kind: 'tight',
          cell: (row) => ('from' in row || row.processedAt === null ? '' : time(row.processedAt)),
        },
        { title: 'Why', cell: (row) => ('from' in row || row.error === undefined ? '' : data(row.error, { class: 'why' })) },
        {
          title: 'Id',
          cell: (row) => ('from' in row ? '' : h('span', { class: 'id', title: row.eventId }, code(row.eventId))),
        },
      ],
      rows(items),
    ),
    more ? h('p', { class: 'quiet' }, `Only the first ${number(MOST)} are shown.`) : null,
  ];
}

/** @param {{from: number, to: number}} gap */
const range = (gap) => (gap.from === gap.to ? String(gap.from) : `${gap.from} to ${gap.to}`);

/** @param {string} user @param {(user: string) => unknown} then */
function send(user, then) {
  formDialog({
    title: 'Send an event',
    fields: [
      { at: '/userId', label: 'User', value: user },
      { at: '/type', label: 'Type', value: 'click', choices: ['click', 'order', 'view'] },
      {
        at: '/seq',
        label: 'Number',
        type: 'number',
        optional: true,
        read: integer,
        hint: 'Events are processed in this order. Without one, as it comes.',
      },
      {
        at: '/payload',
        label: 'Payload',
        type: 'json',
        value: {},
        read: jsonValue,
        hint: '{"fail": true} fails on every attempt.',
      },
      { at: '/eventId', label: 'Event id', optional: true },
    ],
    submit: 'Send',
    send: async ({ seq, ...body }) => {
      const payload = typeof body['payload'] === 'object' && seq !== undefined ? { ...body['payload'], seq } : body['payload'];
      await request('POST', 'events', { body: { ...body, payload } });
      await then(body['userId']);
      return 'Kafka has it.';
    },
  });
}

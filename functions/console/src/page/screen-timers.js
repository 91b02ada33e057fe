// Timers: what is due, what was answered, and a form that makes one.

import { get, may, request, segment } from './api.js';
import { code, data, fill, h } from './dom.js';
import { formDialog, integer, jsonValue } from './form.js';
import { history } from './history.js';
import { badge, button, confirmed, empty, facts, head, json, loading, say, section, status } from './parts.js';
import { go, to } from './router.js';
import { list, table } from './table.js';
import { ago, duration, time } from './time.js';

/** @typedef {import('./api.js').Timer} Timer */

const STATES = ['pending', 'scheduled', 'firing', 'fired', 'failed', 'cancelled'];

/** States in which something is still to happen. */
const OPEN = new Set(['pending', 'scheduled', 'firing']);

/** @type {import('./router.js').Screen} */
export default (context) => (context.params[0] ? one(context, context.params[0]) : many(context));

/** The last answer of the receiver. @param {Timer} timer */
function answered({ attempts }) {
  const last = attempts.at(-1);
  if (!last) return h('span', { class: 'quiet' }, 'not tried yet');
  return last.error === undefined
    ? badge('ok', `answered ${last.status ?? ''}`)
    : h('span', { class: 'why' }, data(last.error));
}

/** @param {import('./router.js').Context} context */
function many({ root, query, signal, title, remember }) {
  title('Timers');
  const states = h(
    'select',
    {
      'aria-label': 'Status',
      onchange: () => {
        remember({ status: states.value });
        void shown.reload();
      },
    },
    ['', ...STATES].map((value) => h('option', { value, selected: value === (query.get('status') ?? '') }, value || 'All')),
  );
  const shown = list({
    caption: 'Timers',
    columns: [
      { title: 'Calls', cell: (timer) => h('a', { href: to(['timers', timer.timerId]) }, data(timer.url)) },
      { title: 'Status', cell: (timer) => status(timer.status) },
      { title: 'Fires', kind: 'tight', cell: (timer) => ago(timer.fireAt) },
      { title: 'Attempts', kind: 'number', cell: (timer) => String(timer.attempts.length) },
      { title: 'Last answer', cell: answered },
    ],
    load: (cursor) => get('timers', { query: { status: states.value, limit: 50, cursor }, signal }),
    empty: () =>
      empty(
        states.value ? `No timer is ${states.value}` : 'There are no timers',
        'A timer calls a URL when its time has come, and again until the receiver takes it.',
        may('timers:write') && button('New timer', make, { kind: 'primary' }),
      ),
  });
  const make = () => create((timer) => go(['timers', timer.timerId]));
  fill(
    root,
    head(
      'Timers',
      [
        button('Refresh', shown.reload, { symbol: 'refresh' }),
        may('timers:write') && button('New timer', make, { kind: 'primary', symbol: 'plus' }),
      ],
      h('p', {}, 'Each calls a webhook at its time, signed, and up to ten times until it is taken.'),
    ),
    h('div', { class: 'filters' }, h('label', {}, 'Status ', states)),
    shown.root,
  );
}

/** @param {import('./router.js').Context} context @param {string} id */
async function one({ root, signal, title, every, again }, id) {
  title('Timer');
  fill(root, loading());
  /** @type {Timer} */
  let timer = await get(`timers/${segment(id)}`, { signal });
  const place = h('div', { class: 'stack' });
  const draw = () => {
    const cancel =
      OPEN.has(timer.status) &&
      may('timers:write') &&
      button(
        'Cancel the timer',
        () =>
          confirmed(
            'Cancel this timer?',
            'Its webhook is not sent, unless it is on its way already.',
            'Cancel the timer',
            async () => {
              await request('DELETE', `timers/${segment(id)}`);
              say('Cancelled.');
              again();
            },
          ),
        { kind: 'danger' },
      );
    fill(
      place,
      head('Timer', [cancel], h('p', { class: 'crumb' }, h('a', { href: to(['timers']) }, 'Timers'), ' / ', code(id))),
      section(
        'Now',
        facts(
          ['Status', status(timer.status)],
          ['Calls', data(timer.url)],
          ['Fires', time(timer.fireAt)],
          OPEN.has(timer.status) && ['Next attempt', ago(timer.nextAttemptAt ?? timer.fireAt)],
          ['Made', ago(timer.createdAt)],
        ),
      ),
      section(
        'Attempts',
        timer.attempts.length === 0
          ? h('p', { class: 'quiet' }, 'None yet.')
          : table(
              'Attempts',
              [
                { title: 'When', cell: (attempt) => time(attempt.at) },
                {
                  title: 'Answer',
                  cell: (attempt) =>
                    attempt.error === undefined
                      ? badge('ok', String(attempt.status ?? 'taken'))
                      : [
                          attempt.status ? [badge('bad', String(attempt.status)), ' '] : null,
                          h('span', { class: 'why' }, data(attempt.error)),
                        ],
                },
                { title: 'It took', kind: 'number', cell: (attempt) => duration(attempt.durationMs) },
              ],
              timer.attempts,
            ),
      ),
    );
  };
  draw();
  fill(root, place, history(id, signal), h('details', {}, h('summary', {}, 'As JSON'), json(timer)));
  every(2, async () => {
    if (!OPEN.has(timer.status) || Date.parse(timer.nextAttemptAt ?? timer.fireAt) > Date.now() + 2000) return;
    const before = JSON.stringify(timer.attempts) + timer.status;
    timer = await get(`timers/${segment(id)}`, { signal });
    if (JSON.stringify(timer.attempts) + timer.status !== before) draw();
  });
}

/** @param {(timer: Timer) => unknown} then */
function create(then) {
  formDialog({
    title: 'New timer',
    fields: [
      { at: '/url', label: 'URL', type: 'url', hint: 'It gets a POST. Deployed, https to a public address; locally, any.' },
      { at: '/hours', label: 'Hours from now', type: 'number', optional: true, read: integer },
      { at: '/minutes', label: 'Minutes from now', type: 'number', optional: true, read: integer },
      { at: '/seconds', label: 'Seconds from now', type: 'number', optional: true, read: integer, value: 10 },
      {
        at: '/fireAt',
        label: 'Or at',
        type: 'datetime-local',
        optional: true,
        read: (text) => new Date(text).toISOString(),
        hint: 'In your time. Leave hours, minutes and seconds empty then.',
      },
      {
        at: '/payload',
        label: 'Payload',
        type: 'json',
        optional: true,
        read: jsonValue,
        hint: 'JSON that the webhook carries.',
      },
    ],
    submit: 'Set the timer',
    send: async (body, key) => {
      const { data: made } = await request('POST', 'timers', { body, key });
      await then(made);
      return 'Set.';
    },
  });
}

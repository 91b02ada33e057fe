// The local stack: its functions, faults and crash points to switch, mails as they look, schedules to start, and how far
// consumers are.

import { get, request, segment } from './api.js';
import { crashes, doing, faults } from './breaking.js';
import { code, fill, h } from './dom.js';
import { mail } from './mail.js';
import { badge, button, failure, head, loading } from './parts.js';
import { to } from './router.js';
import { table } from './table.js';
import { count, number } from './time.js';

/** @typedef {{name: string, instances: number, pids: number[], inFlight: number, invocations: number, errors: number, coldStarts: number, throttles: number}} Fn */

/** @typedef {import('./breaking.js').Part} Part */

/** @type {[string, string][]} */
const TABS = [
  ['functions', 'Functions'],
  ['faults', 'Faults'],
  ['crashes', 'Crash points'],
  ['mail', 'Mail'],
  ['topics', 'Topics'],
  ['schedules', 'Schedules'],
];

/** @type {import('./router.js').Screen} */
export default async (context) => {
  const { root, params, signal, title, every } = context;
  const open = TABS.some(([name]) => name === params[0]) ? (params[0] ?? 'functions') : 'functions';
  title('Local stack');
  const place = h('div', { class: 'stack' }, loading());
  fill(
    root,
    head('Local stack', [], h('p', {}, 'What only a stack on this machine can do: look inside, and break things on purpose.')),
    h(
      'div',
      { class: 'tabs' },
      TABS.map(([name, text]) => h('a', { href: to(['local', name]), 'aria-current': name === open ? 'page' : null }, text)),
    ),
    place,
  );
  const parts = { functions, faults, crashes, mail, topics, schedules };
  let drawn = '';
  const show = async () => {
    try {
      const { state, draw } = await parts[/** @type {keyof typeof parts} */ (open)](signal, async () => {
        drawn = '';
        await show();
      });
      const text = JSON.stringify(state);
      if (text !== drawn && !signal.aborted) fill(place, draw());
      drawn = text;
    } catch (error) {
      if (!signal.aborted) fill(place, failure(error, show));
    }
  };
  await show();
  every(2, show);
};

/** @param {AbortSignal} signal @param {() => unknown} then @returns {Part} */
async function functions(signal, then) {
  /** @type {{items: Fn[]}} */
  const { items } = await get('_local/functions', { signal });
  const kill = (/** @type {string} */ name, /** @type {string} */ kind) =>
    doing(async () => {
      const { data: killed } = await request('POST', `_local/functions/${segment(name)}/kill`, { query: { signal: kind } });
      return killed.pids.length > 0
        ? `${count(killed.pids.length, 'process', 'processes')} of ${name} got SIG${kind}.`
        : `${name} has no process right now.`;
    }, then);
  return {
    state: items,
    draw: () =>
      table(
        'Functions',
        [
          { title: 'Function', cell: (it) => code(it.name) },
          { title: 'Processes', kind: 'number', cell: (it) => number(it.instances) },
          { title: 'In flight', kind: 'number', cell: (it) => number(it.inFlight) },
          { title: 'Invocations', kind: 'number', cell: (it) => number(it.invocations) },
          { title: 'Cold starts', kind: 'number', cell: (it) => number(it.coldStarts) },
          { title: 'Errors', kind: 'number', cell: (it) => (it.errors > 0 ? badge('bad', number(it.errors)) : '0') },
          { title: 'Throttles', kind: 'number', cell: (it) => (it.throttles > 0 ? badge('warn', number(it.throttles)) : '0') },
          {
            title: '',
            kind: 'end',
            cell: (it) => [
              button('Kill', kill(it.name, 'KILL'), { kind: 'small danger', title: `kill -9 all processes of ${it.name}` }),
              ' ',
              button('Freeze', kill(it.name, 'STOP'), { kind: 'small' }),
              ' ',
              button('Thaw', kill(it.name, 'CONT'), { kind: 'small' }),
            ],
          },
        ],
        items,
      ),
  };
}

/** @param {AbortSignal} signal @returns {Part} */
async function topics(signal) {
  /** @type {{items: import('./screen-overview.js').Lag[]}} */
  const { items } = await get('_local/lag', { signal });
  const groups = [...Map.groupBy(items, (it) => it.topic)];
  return {
    state: items,
    draw: () =>
      groups.map(([topic, parts]) =>
        h(
          'section',
          { class: 'group' },
          h(
            'header',
            {},
            h('h2', {}, code(topic)),
            badge('info', count(new Set(parts.map((it) => it.partition)).size, 'partition')),
          ),
          table(
            `Consumers of ${topic}`,
            [
              { title: 'Consumer', cell: ([name]) => code(name) },
              { title: 'Records', kind: 'number', cell: ([, of]) => number(of.reduce((sum, it) => sum + it.end, 0)) },
              { title: 'Behind', kind: 'number', cell: ([, of]) => number(of.reduce((sum, it) => sum + it.lag, 0)) },
              {
                title: 'Partitions: processed of written',
                cell: ([, of]) =>
                  code(
                    of
                      .filter((it) => it.end > 0)
                      .map((it) => `${it.partition}: ${it.committed}/${it.end}`)
                      .join('  ') || '–',
                    { class: 'quiet' },
                  ),
              },
            ],
            [...Map.groupBy(parts, (it) => it.function)],
          ),
        ),
      ),
  };
}

/** What each scheduled function does. */
const SCHEDULES = [
  ['outbox-relay', 'Publishes what a crash or an outage left in the outbox'],
  ['activity-sweeper', 'Steps over gaps whose deadline has passed'],
  ['timer-runner', 'Makes timers due'],
];

/** @param {AbortSignal} signal @param {() => unknown} then @returns {Part} */
async function schedules(signal, then) {
  /** @type {{items: Fn[]}} */
  const { items } = await get('_local/functions', { signal });
  const tick = (/** @type {string} */ name) =>
    doing(
      async () => (await request('POST', '_local/clock/tick', { query: { function: name } }), `${name} was started.`),
      then,
    );
  return {
    state: null,
    draw: () =>
      table(
        'Schedules',
        [
          { title: 'Function', cell: ([name]) => code(name) },
          { title: 'What it does', cell: ([, text]) => text },
          { title: 'Every', kind: 'tight', cell: () => 'minute' },
          {
            title: 'Invocations',
            kind: 'number',
            cell: ([name]) => number(items.find((it) => it.name === name)?.invocations ?? 0),
          },
          { title: '', kind: 'end', cell: ([name]) => button('Start now', tick(name ?? ''), { kind: 'small' }) },
        ],
        SCHEDULES,
      ),
  };
}

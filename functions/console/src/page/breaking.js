// What breaks a local stack on purpose: faults, and steps at which a function is killed.

import { get, request } from './api.js';
import { code, h } from './dom.js';
import { formDialog } from './form.js';
import { badge, button, empty, say, section } from './parts.js';
import { table } from './table.js';
import { count, duration, number } from './time.js';

/** @typedef {{kind: string, probability: number, durationMs: number, function?: string | null, delayMs?: number}} Fault */
/** @typedef {{function: string, step: string, armed: boolean, struck: boolean}} Point */
/** @typedef {Promise<{state: unknown, draw: () => import('./dom.js').Child}>} Part What is asked again and again, and drawn when it is another. */

/** Does something, says so, and shows what is then. @param {() => Promise<string>} act @param {() => unknown} then */
export const doing = (act, then) => async () => {
  try {
    say(await act());
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), 'bad');
  }
  await then();
};

/** What each fault does. @type {Record<string, string>} */
const FAULTS = {
  kafkaDown: 'Kafka takes no connections',
  dynamodbThrottled: 'DynamoDB refuses writes and reads',
  transactionConflict: 'Transactions are cancelled by conflicts',
  errorAfterCommit: 'DynamoDB writes, and then answers with an error',
  slowFunction: 'Functions begin late',
  sesThrottled: 'SES takes no mail',
  sesRejects: 'SES rejects mails',
  sesErrorAfterSend: 'SES sends, and then answers with an error',
};

/** @param {AbortSignal} signal @param {() => unknown} then @returns {Part} */
export async function faults(signal, then) {
  /** @type {{items: Fault[]}} */
  const { items } = await get('_local/faults', { signal });
  const end = (/** @type {Fault} */ { kind, function: name }) =>
    doing(
      async () => (
        await request('POST', '_local/faults', { body: { kind, durationMs: 0, ...(name ? { function: name } : {}) } }),
        'Ended.'
      ),
      then,
    );
  return {
    state: items.map(({ kind, function: name }) => [kind, name]),
    draw: () => [
      items.length > 0
        ? table(
            'Faults in force',
            [
              {
                title: 'In force',
                cell: (it) =>
                  h(
                    'span',
                    {},
                    badge('warn', it.kind),
                    ' ',
                    FAULTS[it.kind] ?? '',
                    it.function ? [' (', code(it.function), ')'] : null,
                  ),
              },
              { title: 'Hits', kind: 'number', cell: (it) => `${number(it.probability * 100)} %` },
              { title: 'Still', kind: 'number', cell: (it) => duration(it.durationMs) },
              { title: '', kind: 'end', cell: (it) => button('End', end(it), { kind: 'small' }) },
            ],
            items,
          )
        : empty('Nothing is broken', 'Break something below, and see on the overview and under load what it does.'),
      section(
        'Break something',
        table(
          'Faults',
          [
            { title: 'Fault', cell: ([kind]) => code(kind) },
            { title: 'What happens', cell: ([, text]) => text },
            { title: '', kind: 'end', cell: ([kind]) => button('Start', () => start(kind, then), { kind: 'small' }) },
          ],
          Object.entries(FAULTS),
        ),
      ),
    ],
  };
}

/** @param {string} kind @param {() => unknown} then */
function start(kind, then) {
  const slow = kind === 'slowFunction';
  /** @type {import('./form.js').Field[]} */
  const fields = [
    {
      at: '/durationMs',
      label: 'For how many seconds',
      type: 'number',
      value: 30,
      read: (text) => Math.round(Number(text) * 1000),
    },
    {
      at: '/probability',
      label: 'Probability',
      type: 'number',
      value: 1,
      read: Number,
      hint: '0 to 1: how many operations it hits.',
    },
  ];
  if (slow)
    fields.push(
      { at: '/delayMs', label: 'Delay in milliseconds', type: 'number', value: 2000, read: Number },
      { at: '/function', label: 'Only this function', optional: true },
    );
  formDialog({
    title: FAULTS[kind] ?? kind,
    fields,
    submit: 'Start',
    send: async (body) => {
      await request('POST', '_local/faults', { body: { kind, ...body } });
      await then();
      return 'It is in force.';
    },
  });
}

/** @param {AbortSignal} signal @param {() => unknown} then @returns {Part} */
export async function crashes(signal, then) {
  /** @type {{items: Point[]}} */
  const { items } = await get('_local/crash-points', { signal });
  const arm = (/** @type {Point} */ it) =>
    doing(
      async () => (
        await request('POST', '_local/crash-points', { body: { function: it.function, step: it.step } }),
        `The next ${it.function} that gets there is killed.`
      ),
      then,
    );
  const functionsOf = [...Map.groupBy(items, (it) => it.function)];
  return {
    state: items,
    draw: () =>
      items.length === 0
        ? empty(
            'No function has passed a step yet',
            'Make an order: each step that a function takes can then be armed to kill it.',
          )
        : functionsOf.map(([name, points]) =>
            h(
              'section',
              { class: 'group' },
              h('header', {}, h('h2', {}, code(name)), badge('info', count(points.length, 'step'))),
              table(
                `Steps of ${name}`,
                [
                  { title: 'Step', cell: (it) => code(it.step) },
                  {
                    title: 'State',
                    kind: 'tight',
                    cell: (it) =>
                      it.armed ? badge('warn', 'armed') : it.struck ? badge('bad', 'killed here') : badge('off', 'passed'),
                  },
                  { title: '', kind: 'end', cell: (it) => (it.armed ? null : button('Arm', arm(it), { kind: 'small' })) },
                ],
                points,
              ),
            ),
          ),
  };
}

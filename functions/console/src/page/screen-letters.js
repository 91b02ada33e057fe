// Dead letters: what died, grouped by what it died of and at which consumer, and sending it again.

import { ApiError, all, find, may, request, segment } from './api.js';
import { code, data, fill, h, icon } from './dom.js';
import { badge, button, confirmed, dialog, empty, facts, failure, head, json, loading, status } from './parts.js';
import { repeat, to } from './router.js';
import { table } from './table.js';
import { ago, count, number, time } from './time.js';

/** @typedef {import('./api.js').DeadLetter} DeadLetter */

/** What a reason means, whose code does not change. @type {Record<string, string>} */
const REASONS = {
  attempts_used_up: 'It failed on every attempt',
  buffer_full: 'Too many events of its user were waiting',
  not_json: 'It is not JSON',
  breaks_schema: 'It is not as its schema says',
  gap: 'An event of a user never came, and was stepped over',
  id_reused: 'Its id belongs to another event',
  panicked: 'The code of its consumer broke on it',
  webhook_failed: 'The receiver did not take it on any attempt',
  unknown_order: 'Its order does not exist',
  unreadable_order: 'Its order cannot be read',
  no_sender: 'No address to send mails from is set',
  no_recipient: 'Nobody is to get the mail',
  mail_refused: 'The mail was refused',
};

/** A redrive is followed for this long. */
const FOLLOWED_MS = 60_000;

/** @param {import('./router.js').Context} context */
export default async ({ root, query, signal, title, remember, again }) => {
  title('Dead letters');
  fill(root, loading());
  /** @type {{items: DeadLetter[], more: boolean}} */
  const { items, more } = /** @type {any} */ (await all('dlq', { signal, most: 1000 }));
  const search = h('input', {
    type: 'search',
    placeholder: 'Id, reason, detail, consumer',
    'aria-label': 'Filter dead letters',
    value: query.get('q') ?? '',
    oninput: () => (remember({ q: search.value }), draw()),
  });
  const sent = h(
    'button',
    {
      class: 'button',
      'aria-pressed': String(query.get('sent') === '1'),
      onclick: () => {
        remember({ sent: query.get('sent') === '1' ? null : '1' });
        draw();
      },
    },
    'Also those sent again',
  );
  const groups = h('div', { class: 'stack' });
  const draw = () => {
    const everything = query.get('sent') === '1';
    sent.setAttribute('aria-pressed', String(everything));
    const shown = items.filter(
      (it) =>
        (everything || it.status === 'dead') &&
        `${it.eventId} ${it.reason} ${it.detail} ${it.consumer} ${it.topic}`.toLowerCase().includes(search.value.toLowerCase()),
    );
    if (shown.length === 0) {
      const open = items.some((it) => it.status === 'dead');
      return fill(
        groups,
        open
          ? empty('Nothing matches', 'Change the filter.')
          : empty(
              'No dead letters',
              'Nothing was given up that was not sent again. What a consumer cannot process comes here, with the reason.',
            ),
      );
    }
    const kinds = Map.groupBy(shown, (it) => `${it.consumer}\n${it.reason}`);
    fill(
      groups,
      [...kinds.values()].sort((a, b) => b.length - a.length).map((group) => kind(group, signal, again)),
    );
  };
  fill(
    root,
    head(
      'Dead letters',
      [button('Refresh', again, { symbol: 'refresh' })],
      h(
        'p',
        {},
        'Records that a consumer gave up. None is lost: each is kept with the reason, and can be sent to that consumer again.',
      ),
    ),
    h('div', { class: 'filters' }, search, sent),
    groups,
    more ? h('p', { class: 'quiet' }, `Only the first ${number(items.length)} are shown.`) : null,
  );
  draw();
};

/** The letters that died of the same at the same consumer. @param {DeadLetter[]} letters @param {AbortSignal} signal @param {() => void} again */
function kind(letters, signal, again) {
  const [first] = letters;
  if (!first) return null;
  const dead = letters.filter((it) => it.status === 'dead');
  const outcomes = new Map(letters.map((it) => [it, h('span', { role: 'status' }, status(it.status))]));
  const sendAll = () =>
    confirmed(
      `Send ${count(dead.length, 'dead letter')} again?`,
      'Each goes to the consumer that gave it up, and to no other. What is wrong with them still is dies again.',
      'Send again',
      async () => {
        for (const letter of dead) void redrive(letter, outcomes.get(letter) ?? h('span'), signal);
      },
    );
  const title = REASONS[first.reason] ?? first.reason.replaceAll('_', ' ');
  return h(
    'section',
    { class: 'group' },
    h(
      'header',
      {},
      h('h2', {}, `${title} `, code(first.reason, { class: 'quiet' })),
      h('span', {}, 'at ', code(first.consumer)),
      badge(dead.length > 0 ? 'bad' : 'info', count(letters.length, 'letter')),
      may('dlq:redrive') && dead.length > 1 ? button('Send all again', sendAll, { kind: 'small' }) : null,
    ),
    table(
      `${title}, at ${first.consumer}`,
      [
        {
          title: 'Event',
          cell: (letter) =>
            h(
              'a',
              { href: to(['event', letter.eventId], { source: letter.source }), class: 'id', title: letter.eventId },
              code(letter.eventId),
            ),
        },
        { title: 'It died of', cell: (letter) => data(letter.detail, { class: 'why' }) },
        { title: 'Attempts', kind: 'number', cell: (letter) => number(letter.attempts) },
        {
          title: 'Record',
          cell: (letter) =>
            letter.offset < 0 ? '–' : code(`${letter.topic} ${letter.partition}:${letter.offset}`, { class: 'quiet' }),
        },
        { title: 'When', kind: 'tight', cell: (letter) => ago(letter.at) },
        { title: 'State', cell: (letter) => outcomes.get(letter) },
        {
          title: '',
          kind: 'end',
          cell: (letter) => [
            button('Look inside', () => inside(letter), { kind: 'small' }),
            ' ',
            letter.status === 'dead' && may('dlq:redrive')
              ? button('Send again', () => redrive(letter, outcomes.get(letter) ?? h('span'), signal), { kind: 'small' })
              : null,
          ],
        },
      ],
      letters,
    ),
  );
}

/** What a letter is, with its payload where the stack tells it. @param {DeadLetter} letter */
function inside(letter) {
  const payload = h('div', {}, loading());
  dialog('Dead letter', () => [
    facts(
      ['Event', code(letter.eventId)],
      ['Given up by', code(letter.consumer)],
      ['It died of', h('span', { class: 'why' }, code(letter.reason), ' ', data(letter.detail))],
      ['Attempts', number(letter.attempts)],
      ['When', time(letter.at)],
      letter.offset >= 0 && ['Record', code(`${letter.topic} ${letter.partition}:${letter.offset}`)],
    ),
    payload,
    h('a', { href: to(['event', letter.eventId], { source: letter.source }) }, 'The whole life of it'),
  ]);
  const show = async () => {
    /** @type {{event: {data?: unknown}} | null} */
    const life = await find(`event-log/${segment(letter.eventId)}`, { query: { source: letter.source } });
    const known = life !== null && life.event.data !== undefined;
    fill(payload, known ? json(life.event.data) : h('p', { class: 'quiet' }, 'Its payload is not told here.'));
  };
  show().catch((error) => fill(payload, failure(error)));
}

/**
 * Sends a letter again, and says what became of it.
 * @param {DeadLetter} letter
 * @param {HTMLElement} place
 * @param {AbortSignal} signal
 */
async function redrive(letter, place, signal) {
  fill(place, badge('wait', 'sending'));
  try {
    await request('POST', `dlq/${segment(letter.eventId)}/redrive`, { query: { source: letter.source }, signal });
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof ApiError && error.code === 'already_redriven')
      return fill(place, badge('info', 'was sent again already'));
    return fill(
      place,
      badge('bad', 'not sent'),
      ' ',
      data(error instanceof Error ? error.message : String(error), { class: 'why' }),
    );
  }
  fill(place, badge('wait', 'on its way'));
  const end = new AbortController();
  const until = Date.now() + FOLLOWED_MS;
  await repeat(
    700,
    async () => {
      const told = await outcome(letter).catch(() => null);
      if (told) fill(place, told);
      else if (Date.now() > until) fill(place, badge('info', 'sent again'), ' no outcome yet');
      else return;
      end.abort();
    },
    AbortSignal.any([signal, end.signal]),
  );
}

/** What became of a letter that was sent again; null as long as nobody knows. @param {DeadLetter} letter */
async function outcome(letter) {
  /** @type {{life: {stage: string, by: string | null, detail?: Record<string, unknown>}[]} | null} */
  const life = await find(`event-log/${segment(letter.eventId)}`, { query: { source: letter.source } });
  const redriven = life?.life.filter((stage) => stage.stage === 'redriven').at(-1)?.detail?.['outcome'];
  if (redriven === 'processed') return badge('ok', 'processed');
  if (redriven === 'failed') return h('span', {}, badge('bad', 'died again'), ' ', icon('next'));
  // Without lives, the list says it: a letter that dies again is dead again, later.
  const { items } = /** @type {{items: DeadLetter[]}} */ (/** @type {any} */ (await all('dlq', { most: 1000 })));
  const now = items.find((it) => it.eventId === letter.eventId && it.consumer === letter.consumer);
  if (now?.status === 'dead' && now.at > letter.at)
    return h('span', {}, badge('bad', 'died again'), ' ', data(now.detail, { class: 'why' }));
  return null;
}

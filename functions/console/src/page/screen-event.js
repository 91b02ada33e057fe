// One event's life: every stage of its way with the time between, its payload, what it changed, and what belongs to it.

import { ApiError, address, find, get, isObject, segment } from './api.js';
import { code, data, fill, h, icon } from './dom.js';
import { badge, copier, empty, facts, head, json, loading, section } from './parts.js';
import { to } from './router.js';
import { timeline } from './timeline.js';
import { table } from './table.js';
import { time } from './time.js';

/** @typedef {import('./timeline.js').Stage} Stage */
/** @typedef {Partial<import('./api.js').LogEntry> & {eventId: string}} Known */
/** @typedef {{event: Known, life: Stage[], related: {eventId: string, type: string, time?: string, source?: string}[]}} Life */

/** Attributes that have a line of their own. */
const SHOWN_ABOVE = new Set(['id', 'source', 'type', 'time']);

/** @type {import('./router.js').Screen} */
export default async ({ root, params, query, signal, title, again }) => {
  const id = params[0] ?? '';
  title('Event');
  fill(root, loading());
  const chosen = { source: query.get('source'), subject: query.get('subject') };
  /** @type {Life | null} */
  let life;
  try {
    life =
      (await find(`event-log/${segment(id)}`, { query: chosen, signal })) ?? (await fromElsewhere(id, chosen.source, signal));
  } catch (error) {
    if (error instanceof ApiError && error.code === 'ambiguous_event_id') return fill(root, ...ambiguous(id, error));
    throw error;
  }
  if (!life) return fill(root, ...unknown(id, again));
  draw(root, life, signal);
};

/** What a stack without lives knows of a user's event. @param {string} id @param {string | null} source @param {AbortSignal} signal @returns {Promise<Life | null>} */
async function fromElsewhere(id, source, signal) {
  /** @type {import('./api.js').UserEvent | null} */
  const event = await find(`events/${segment(id)}`, { query: { source }, signal });
  if (!event) return null;
  const at = event.processedAt === null ? null : new Date(event.processedAt).toISOString();
  const detail = {
    attempts: event.attempts,
    ...(event.seq === null ? {} : { seq: event.seq }),
    ...(event.error === undefined ? {} : { error: event.error }),
  };
  return {
    event: { eventId: id, source: event.source, attributes: { subject: event.userId } },
    life: [{ at, stage: event.status, by: 'activity-order', detail }],
    related: [],
  };
}

/** @param {string} id @param {ApiError} error */
function ambiguous(id, error) {
  const sources = Array.isArray(error.problem['sources']) ? error.problem['sources'].map(String) : [];
  return [
    head('Event', [], h('p', {}, code(id))),
    section(
      'Events of several sources have this id',
      h(
        'ul',
        {},
        sources.map((source) => h('li', {}, h('a', { href: to(['event', id], { source }) }, code(source)))),
      ),
    ),
  ];
}

/** @param {string} id @param {() => void} again */
function unknown(id, again) {
  return [
    head('Event', [], h('p', {}, code(id))),
    empty(
      'Nobody knows this event yet',
      h(
        'p',
        {},
        'The log is written once a second. An event that is in the outbox alone is found with the id of what it changed.',
      ),
      h(
        'p',
        { class: 'actions' },
        h('button', { class: 'button', onclick: again }, icon('refresh'), 'Look again'),
        h('a', { class: 'button', href: to(['overview']) }, 'What waits in the outbox?'),
      ),
    ),
  ];
}

/** @param {HTMLElement} root @param {Life} life @param {AbortSignal} signal */
function draw(root, { event, life, related }, signal) {
  const attributes = event.attributes ?? {};
  const subject = typeof attributes['subject'] === 'string' ? attributes['subject'] : undefined;
  const change = h('div', {});
  const trace = h('div', {});
  const curl = `curl -s '${address(`event-log/${segment(event.eventId)}`, { source: event.source })}'`.replaceAll('\n', '');
  const kcat = `kcat -C -b "\${KAFKA:-127.0.0.1:9092}" -t ${event.topic} -p ${event.partition} -o ${event.offset} -c 1 -f '%k\\n%h\\n%s\\n'`;
  fill(
    root,
    head(
      event.type ?? 'Event',
      [copier(curl, 'curl'), event.topic !== undefined && copier(kcat, 'kcat')],
      h('p', { class: 'crumb' }, code(event.eventId), subject !== undefined && [' of ', about(event.source ?? '', subject)]),
    ),
    h(
      'div',
      { class: 'columns' },
      section('Life', timeline(life)),
      h(
        'div',
        { class: 'stack' },
        change,
        section('Payload', event.data === undefined ? h('p', { class: 'quiet' }, 'It is not in the log.') : json(event.data)),
        section(
          'Record',
          facts(
            ['Topic', event.topic === undefined ? '–' : code(event.topic)],
            ['Partition and offset', event.topic === undefined ? '–' : code(`${event.partition}:${event.offset}`)],
            ['Time', time(event.time)],
            ['Source', code(event.source ?? '–')],
            ...Object.entries(attributes)
              .filter(([name]) => !SHOWN_ABOVE.has(name))
              .map(
                ([name, value]) =>
                  /** @type {[string, Node]} */ ([name, code(isObject(value) ? JSON.stringify(value) : value)]),
              ),
          ),
        ),
        trace,
        related.length > 0 ? siblings('Belongs together with', related, event.eventId) : null,
      ),
    ),
  );
  // What the page can do without comes later, and fails in silence: a stack may not have these filters.
  if (subject !== undefined && event.data !== undefined)
    void difference(event, subject, signal).then(
      (shown) => shown && fill(change, shown),
      () => {},
    );
  void traced(attributes['traceparent'], event.eventId, signal).then(
    (shown) => shown && fill(trace, shown),
    () => {},
  );
}

/** The screen of what an event is about. @param {string} source @param {string} subject */
function about(source, subject) {
  const [, kind] = /^urn:millrace:([a-z-]+)/.exec(source) ?? [];
  const user = /\/users\/(.+)$/.exec(source)?.[1];
  if (user !== undefined) return h('a', { href: to(['users', subject]) }, data(subject));
  const screen = { 'products-api': 'products', 'timers-api': 'timers', 'webhook-sender': 'timers', 'timer-runner': 'timers' }[
    kind ?? ''
  ];
  return h('a', { href: screen ? to([screen, subject]) : to(['find'], { q: subject }) }, data(subject));
}

/** What it changed since the version before. @param {Known} event @param {string} subject @param {AbortSignal} signal */
async function difference(event, subject, signal) {
  const version = Number(event.attributes?.['aggregateversion']);
  if (!(version > 1)) return null;
  /** @type {import('./api.js').Page<import('./api.js').LogEntry>} */
  const { items } = await get('event-log', { query: { subject, limit: 100 }, signal });
  const before = items.findLast(
    (it) =>
      it.source === event.source && Number(it.attributes['aggregateversion']) === version - 1 && it.type !== 'LowStockWarning',
  );
  if (!before) return null;
  const [was, is] = [leaves(before.data), leaves(event.data)];
  const changes = [...new Set([...was.keys(), ...is.keys()])].filter((name) => was.get(name) !== is.get(name));
  return section(
    `Changed since version ${version - 1}`,
    changes.length === 0
      ? h('p', { class: 'quiet' }, 'Nothing.')
      : h(
          'ul',
          { class: 'diff' },
          changes.map((name) =>
            h(
              'li',
              {},
              `${name}: `,
              was.has(name) && h('del', {}, was.get(name)),
              ' ',
              is.has(name) && h('ins', {}, is.get(name)),
            ),
          ),
        ),
    h('p', {}, h('a', { href: to(['event', before.eventId], { source: before.source }) }, 'The event before')),
  );
}

/** Every value of a value, by its path. @param {unknown} value @param {string} [path] @returns {Map<string, string>} */
function leaves(value, path = '') {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([name, part]) => [...leaves(part, path ? `${path}.${name}` : name)]));
}

/** The other events that the same request has caused. @param {unknown} traceparent @param {string} id @param {AbortSignal} signal */
async function traced(traceparent, id, signal) {
  const trace = typeof traceparent === 'string' ? traceparent.split('-')[1] : undefined;
  if (!trace) return null;
  /** @type {import('./api.js').Page<import('./api.js').LogEntry> | null} */
  const page = await find('event-log', { query: { trace, limit: 50 }, signal });
  const items = page?.items.filter((it) => String(it.attributes['traceparent']).includes(trace)) ?? [];
  return section(
    'Its trace',
    h('p', {}, code(trace)),
    items.length > 1 ? siblings('Of the same request', items, id) : h('p', { class: 'quiet' }, 'No other event has it.'),
  );
}

/** @param {string} title @param {{eventId: string, type: string, time?: string, source?: string}[]} events @param {string} self */
function siblings(title, events, self) {
  return table(
    title,
    [
      {
        title,
        cell: (it) =>
          it.eventId === self
            ? badge('info', `${it.type}, this one`)
            : h('a', { href: to(['event', it.eventId], { source: it.source }) }, it.type),
      },
      { title: 'When', kind: 'tight', cell: (it) => time(it.time) },
    ],
    events,
  );
}

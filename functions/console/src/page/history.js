// The events of one order, product, ingredient, timer or user, from the log.

import { find } from './api.js';
import { fill, h } from './dom.js';
import { failure, loading, section } from './parts.js';
import { to } from './router.js';
import { table } from './table.js';
import { time } from './time.js';

/** @typedef {import('./api.js').LogEntry} LogEntry */

/** @param {string} subject @param {AbortSignal} signal */
export function history(subject, signal) {
  const place = h('div', {}, loading());
  const show = async () => {
    try {
      /** @type {import('./api.js').Page<LogEntry> | null} */
      const page = await find('event-log', { query: { subject, limit: 100 }, signal });
      // A stack without this filter answers with everything that there is.
      const items =
        page?.items.filter(({ attributes }) => attributes['subject'] === subject || attributes['subject'] === undefined) ?? [];
      fill(
        place,
        items.length === 0
          ? h('p', { class: 'quiet' }, 'The log has no events of it yet; it is written once a second.')
          : table('Events', COLUMNS, items.reverse()),
        page?.nextCursor ? h('p', { class: 'quiet' }, 'There are more; these are the first 100.') : null,
      );
    } catch (error) {
      if (!signal.aborted) fill(place, failure(error, show));
    }
  };
  void show();
  return section('History', place);
}

/** @type {import('./table.js').Column<LogEntry>[]} */
const COLUMNS = [
  { title: 'Event', cell: (entry) => h('a', { href: to(['event', entry.eventId], { source: entry.source }) }, entry.type) },
  { title: 'Version', kind: 'number', cell: ({ attributes }) => String(attributes['aggregateversion'] ?? '–') },
  { title: 'When', cell: (entry) => time(entry.time) },
];

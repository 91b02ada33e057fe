// The stages of an event's life, with the time between them.

import { code, data, h, icon } from './dom.js';
import { tone } from './parts.js';
import { clock, duration } from './time.js';

/** @typedef {import('./api.js').Schemas} Schemas */
/** @typedef {{at: string | null, stage: string, by: string | null, detail?: Record<string, unknown>}} Stage */

/** What each stage says. @type {Record<string, string>} */
const STAGES = {
  accepted: 'Accepted',
  outbox: 'Stored in the outbox, with its change',
  published: 'Published to Kafka',
  logged: 'In the event log',
  archived: 'In the archive',
  buffered: 'Waited for its turn',
  processed: 'Processed',
  confirmed: 'Its order was confirmed',
  rejected: 'Its order was rejected',
  mailed: 'Its mail was sent',
  due: 'Its timer was due',
  sent: 'The webhook was sent',
  failed: 'Its consumer failed',
  dead_letter: 'Became a dead letter',
  redriven: 'Sent to its consumer again',
};

/** @param {Stage[]} life */
export function timeline(life) {
  /** @type {number | null} */
  let before = null;
  const steps = life.map((stage) => {
    const at = stage.at === null ? null : Date.parse(stage.at);
    const since = at !== null && before !== null && at >= before ? duration(at - before) : null;
    before = at ?? before;
    const kind = stage.at === null && stage.stage !== 'buffered' ? 'off' : tone(stage.stage);
    const detail = Object.entries(stage.detail ?? {})
      .filter(([, value]) => value !== false)
      .map(([name, value]) =>
        h(
          'div',
          {},
          `${NAMES[name] ?? name}: `,
          typeof value === 'object' && value !== null
            ? code(JSON.stringify(value))
            : data(String(value), { class: name === 'error' || name === 'reason' ? 'why' : null }),
        ),
      );
    return h(
      'li',
      {},
      h('div', { class: 'at' }, stage.at === null ? 'not known' : clock(stage.at), since !== null && h('b', {}, `+ ${since}`)),
      h('span', { class: `dot ${kind}` }, icon(kind === 'info' ? 'next' : kind)),
      h(
        'div',
        { class: 'what' },
        h('b', {}, STAGES[stage.stage] ?? stage.stage),
        stage.by !== null && [' by ', code(stage.by)],
        detail,
      ),
    );
  });
  return steps.length === 0 ? h('p', { class: 'quiet' }, 'Nothing is known of it.') : h('ol', { class: 'life' }, steps);
}

/** @type {Record<string, string>} */
const NAMES = {
  durationMs: 'took, in ms',
  waits: 'it still waits',
  waitedFor: 'waited for number',
  waitsFor: 'waits for number',
  seq: 'number',
  unknown: 'not known because',
  redriveId: 'redrive',
  late: 'after its turn',
};

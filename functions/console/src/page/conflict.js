// Two people have changed the same: what the other one stored, and the choice between theirs and one's own.

import { request } from './api.js';
import { fill, h } from './dom.js';
import { button, failure, loading } from './parts.js';

/**
 * What others have changed meanwhile, and the choice between theirs and one's own.
 * @param {string} path
 * @param {Record<string, any>} before What was read.
 * @param {(etag: string | null) => void} overwrite
 * @param {() => void} discard
 */
export function conflict(path, before, overwrite, discard) {
  const place = h('div', { class: 'state bad compact', role: 'alert' }, loading());
  const show = async () => {
    const { data: stored, etag } = await request('GET', path);
    const changes = Object.keys({ ...before, ...stored }).filter(
      (name) => name !== 'updatedAt' && JSON.stringify(before[name]) !== JSON.stringify(stored[name]),
    );
    const mine = button(
      'Keep mine',
      () => {
        overwrite(etag);
        fill(place, h('p', {}, 'The next save replaces what the others stored.'));
      },
      { kind: 'danger' },
    );
    fill(
      place,
      h('p', { class: 'told' }, 'Somebody else has changed it meanwhile'),
      h(
        'ul',
        { class: 'diff' },
        changes.map((name) =>
          h(
            'li',
            {},
            `${name}: `,
            h('del', {}, JSON.stringify(before[name]) ?? '–'),
            ' → ',
            h('ins', {}, JSON.stringify(stored[name]) ?? '–'),
          ),
        ),
      ),
      h('p', { class: 'actions' }, button('Take theirs', discard), mine),
    );
  };
  show().catch((error) => fill(place, failure(error)));
  return place;
}

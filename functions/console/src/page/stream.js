// What comes, as it comes. Notifications are server-sent events, which go on behind the last one after a lost connection. Of
// every event the log tells, which is asked again and again.

import { ApiError, BASE, all, authorization, get } from './api.js';
import { repeat } from './router.js';

/** @typedef {{seq?: number, eventId: string, type: string, subject: string, time: string, source?: string, topic?: string, title?: string, data?: unknown}} Item */
/** @typedef {{kind: 'connecting' | 'open' | 'lost' | 'polling', text: string}} State */
/**
 * @typedef {object} Follower
 * @property {(items: Item[]) => void} came
 * @property {(state: State) => void} changed
 * @property {AbortSignal} signal
 */

/** Waits between two tries, in milliseconds; the last one again and again. */
const WAITS_MS = [500, 1000, 2000, 5000];

/** How long nothing may come before a connection counts as lost: more than two heartbeats of 15 s. */
const SILENCE_MS = 40_000;

const POLL_MS = 1500;

/** The log is in the order of the events' times, and a late one comes behind by less than this. */
const OVERLAP_MS = 10_000;

/** Most ids that are remembered, so that none is shown twice. */
const REMEMBERED = 4000;

/** Where the stream is, as the page says; beside the API if it does not. */
const streamBase = () => document.querySelector('meta[name="notifications"]')?.getAttribute('content') || BASE.href;

/** Follows the notifications until it is stopped. @param {Follower} follower @param {number} [after] The last `seq` that is known. */
export async function follow(follower, after) {
  let last = after;
  let tries = 0;
  while (!follower.signal.aborted) {
    const since = Date.now();
    try {
      const url = new URL('notifications/stream', streamBase());
      if (last !== undefined) url.searchParams.set('after', String(last));
      await read(url, follower, (item) => {
        tries = 0;
        last = item.seq ?? last;
        follower.came([item]);
      });
    } catch (error) {
      if (follower.signal.aborted) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
    }
    if (follower.signal.aborted) return;
    const wait = WAITS_MS[Math.min(tries, WAITS_MS.length - 1)] ?? 5000;
    tries += 1;
    follower.changed({
      kind: 'lost',
      text: `The connection was lost ${Date.now() - since > 2000 ? 'just now' : 'again'}. It goes on behind the last event, so that none is missed.`,
    });
    await new Promise((done) => setTimeout(done, wait));
  }
}

/** Reads one connection to its end. @param {URL} url @param {Follower} follower @param {(item: Item) => void} came */
async function read(url, { changed, signal }, came) {
  changed({ kind: 'connecting', text: 'Connecting' });
  const silence = new AbortController();
  let alarm = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const answer = await fetch(url, {
      headers: { accept: 'text/event-stream', ...authorization() },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!answer.ok || !answer.body) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
    changed({ kind: 'open', text: 'Live' });
    let rest = '';
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(alarm);
      alarm = setTimeout(() => silence.abort(), SILENCE_MS);
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const item = parsed(block);
        if (item) came(item);
      }
    }
  } finally {
    clearTimeout(alarm);
  }
}

/** An event of the stream; null for a comment. @param {string} block @returns {Item | null} */
export function parsed(block) {
  const lines = block.split(/\r?\n/).map((line) => /^([a-z]+): ?(.*)$/.exec(line));
  const text = lines
    .filter((line) => line?.[1] === 'data')
    .map((line) => line?.[2])
    .join('\n');
  if (!text) return null;
  try {
    const item = JSON.parse(text);
    const seq = Number(lines.find((line) => line?.[1] === 'id')?.[2] ?? item.seq);
    return { ...item, seq: Number.isFinite(seq) ? seq : undefined };
  } catch {
    return null;
  }
}

/** The log as items. @param {import('./api.js').LogEntry} entry @returns {Item} */
export const fromLog = ({ eventId, type, time, source, topic, attributes, data }) => ({
  eventId,
  type,
  time,
  source,
  topic,
  data,
  subject: String(attributes['subject'] ?? ''),
});

/** Follows every event until it is stopped, by the log. @param {Follower} follower */
export async function followLog({ came, changed, signal }) {
  changed({ kind: 'polling', text: 'From the log, once a second' });
  const known = new Set();
  let from = Date.now() - 60_000;
  const once = async () => {
    try {
      /** @type {string | null} */
      let cursor = null;
      const start = new Date(from).toISOString();
      do {
        /** @type {import('./api.js').Page<import('./api.js').LogEntry>} */
        const page = await get('event-log', { query: { from: start, limit: 100, cursor }, signal });
        const fresh = page.items.filter((it) => !known.has(`${it.source}\n${it.eventId}`));
        for (const it of fresh) {
          known.add(`${it.source}\n${it.eventId}`);
          from = Math.max(from, Date.parse(it.time) - OVERLAP_MS);
        }
        if (fresh.length > 0) came(fresh.map(fromLog));
        cursor = page.nextCursor;
      } while (cursor && !signal.aborted);
      while (known.size > REMEMBERED) known.delete(known.values().next().value);
      changed({ kind: 'polling', text: 'From the log, once a second' });
    } catch (error) {
      if (error instanceof ApiError && [401, 403].includes(error.status)) throw error;
      if (!signal.aborted)
        changed({ kind: 'lost', text: 'The stack does not answer. It is asked again, from the last event on.' });
    }
  };
  await once();
  await repeat(POLL_MS, once, signal);
}

/** Windows in which the newest events are sought in the log, which is in the order of time. */
const WINDOWS_MS = [60_000, 600_000, 3_600_000];

/** The newest events, newest first. @param {number} limit @param {AbortSignal} signal @returns {Promise<Item[]>} */
export async function newest(limit, signal) {
  /** @type {import('./api.js').LogEntry[]} */
  let items = [];
  for (const ms of WINDOWS_MS) {
    const from = new Date(Date.now() - ms).toISOString();
    ({ items } = /** @type {any} */ (await all('event-log', { query: { from }, signal, most: 1000 })));
    if (items.length >= limit) break;
  }
  return items.map(fromLog).reverse().slice(0, limit);
}

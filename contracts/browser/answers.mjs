// Answers of the parts of the API that a stack may not have yet, as the contract has them.

export const EVENT = '019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a64';
const NAME = 'urn:millrace:products-api';
const at = (seconds) => new Date(Date.UTC(2026, 10, 21, 6, 0, seconds)).toISOString();

const data = { id: 'burger', name: 'Burger', price: { amount: 950, currency: 'EUR' }, stock: 4, version: 2 };
const entry = {
  eventId: EVENT,
  source: NAME,
  type: 'ProductUpdated',
  topic: 'product-events',
  partition: 4,
  offset: 12,
  time: at(1),
  attributes: {
    specversion: '1.0',
    subject: 'burger',
    aggregateversion: 2,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  },
  data,
};
const before = {
  ...entry,
  eventId: '019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a60',
  type: 'ProductCreated',
  offset: 11,
  time: at(0),
  attributes: { ...entry.attributes, aggregateversion: 1 },
  data: { ...data, stock: 9, version: 1 },
};

export const life = {
  event: entry,
  life: [
    { at: at(1), stage: 'accepted', by: 'products-api' },
    { at: at(1), stage: 'outbox', by: 'products-api', detail: { waits: false } },
    {
      at: '2026-11-21T06:00:01.131Z',
      stage: 'published',
      by: null,
      detail: { topic: 'product-events', partition: 4, offset: 12 },
    },
    { at: at(2), stage: 'logged', by: 'event-log' },
    { at: null, stage: 'archived', by: 'archive', detail: { unknown: 'the archive is read by the hour' } },
    {
      at: at(3),
      stage: 'dead_letter',
      by: 'alert-mail',
      detail: { reason: 'mail_refused', detail: 'no such address', attempts: 1 },
    },
  ],
  related: [{ eventId: before.eventId, type: 'ProductCreated', source: NAME, time: at(0) }],
};
export const ofBurger = { items: [before, entry], nextCursor: null };

export const overview = {
  dependencies: { dynamodb: 'ok', kafka: 'unavailable' },
  outbox: { pending: 3, more: false, oldest: at(0), oldestSeconds: 41 },
  buffered: { count: 2, more: false, oldest: at(0), oldestSeconds: 41 },
  deadLetters: { open: 1024, more: true, oldest: at(0), oldestSeconds: 86_441 },
  timers: { due: 0, more: false, oldest: null, oldestSeconds: null },
};

/** Counts of the last hour. */
export function counts(now = Date.now()) {
  const minutes = Array.from({ length: 40 }, (_, i) => new Date(Math.floor(now / 60_000 - i) * 60_000).toISOString());
  return {
    items: minutes.flatMap((bucket, i) => [
      {
        bucket,
        type: 'OrderConfirmed',
        count: 3 + ((i * 7) % 11),
        value: [{ amount: 950 * (3 + ((i * 7) % 11)), currency: 'EUR' }],
      },
      { bucket, type: 'OrderRejected', count: i % 3 },
      { bucket, type: 'UserActivity', count: 20 + ((i * 13) % 17), failed: 0, late: 0 },
      { bucket, type: 'ProductUpdated', count: 4 },
    ]),
  };
}
export const sold = {
  items: [
    { productId: 'burger', name: 'Burger', pieces: 31, value: [{ amount: 29_450, currency: 'EUR' }] },
    { productId: 'fries', name: 'Fries', pieces: 12, value: [{ amount: 4200, currency: 'EUR' }] },
  ],
  complete: true,
};

/** An item of the stream. */
export const notification = (seq) => ({
  seq,
  eventId: `event-${seq}`,
  type: seq % 2 ? 'OrderConfirmed' : 'LowStockWarning',
  subject: `subject-${seq}`,
  time: at(seq),
  title: `Title ${seq}`,
  data: {},
});

/** Lets a page see these answers in place of the stack's. `answers` has a body, or a function of the URL, by path. */
export async function instead(page, answers) {
  for (const [path, body] of Object.entries(answers)) {
    await page.route(
      (url) => url.pathname === path,
      (route) => {
        const answer = typeof body === 'function' ? body(new URL(route.request().url())) : body;
        return answer === null ? route.fallback() : route.fulfill(answer.raw ?? { json: answer });
      },
    );
  }
}

// The stack that the console is tried on, and what is put into it.

export const url = process.env.MILLRACE_URL ?? 'http://127.0.0.1:3000';

/** How long the stack may take to get where it goes. */
const PATIENCE_MS = 30_000;

/** Sends a request, and answers the body of a success. */
export async function api(method, path, body) {
  const init =
    body === undefined
      ? { method }
      : {
          method,
          body: JSON.stringify(body),
          headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
        };
  const answer = await fetch(`${url}/${path}`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Asks until there is an answer. */
export async function until(what, ask) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** An order that is decided. */
export async function order(productId, quantity) {
  const { id } = await api('POST', 'orders', { lines: [{ productId, quantity }] });
  return until(`order ${id}`, async () => {
    const found = await api('GET', `orders/${id}`);
    return found.status !== 'pending' && found;
  });
}

/** A stack in which every screen has something to show. */
export async function fill() {
  await api('POST', 'orders/seed');
  const confirmed = await order('cheeseburger', 160);
  const rejected = await order('cheeseburger', 5000);
  await api('POST', 'events/batch', {
    events: [
      { userId: 'ann', type: 'click', payload: { seq: 3 } },
      { userId: 'ann', type: 'click', payload: { seq: 1 } },
      { userId: 'ann', type: 'order', payload: { seq: 2, fail: true }, eventId: 'will-fail' },
      { userId: 'bob', type: 'click', payload: { seq: 4 }, eventId: 'bob-4' },
    ],
  });
  const timer = await api('POST', 'timers', { url: 'http://localhost:9/hook', seconds: 3600, payload: { table: 7 } });
  await until('dead letter', async () => (await api('GET', 'dlq')).items.some(({ eventId }) => eventId === 'will-fail'));
  const logged = await until('event log', async () => (await api('GET', 'event-log?type=OrderRejected')).items.at(-1));
  await until('mail', async () => (await api('GET', '_local/mail')).items.length > 0);
  return { confirmed, rejected, timer, logged };
}

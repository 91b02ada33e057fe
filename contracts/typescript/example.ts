// Creates a product, orders it, and reads from the event log what became of it.

import { env } from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { eventOf, millrace, ok, once } from './client.ts';
import type { MillraceEvent } from './events.ts';

const api = millrace({ baseUrl: env['MILLRACE_URL'] ?? 'http://localhost:3000', token: env['MILLRACE_TOKEN'] });

const burger = { name: 'Burger', price: { amount: 950, currency: 'EUR' }, stock: 20 };
const product = ok(await api.POST('/products', { params: { header: once() }, body: burger }));
const lines = [{ productId: product.id, quantity: 2 }];
const order = ok(await api.POST('/orders', { params: { header: once() }, body: { lines } }));

const isDecision = (event: MillraceEvent) => event.type === 'OrderConfirmed' && event.data.id === order.id;
const deadline = Date.now() + 30_000;
let events: MillraceEvent[] = [];
while (!events.some(isDecision)) {
  if (Date.now() > deadline) throw new Error('the order was not confirmed within 30 s');
  await setTimeout(1000); // The log is written once a second.
  const query = { from: product.createdAt, limit: 100 };
  events = ok(await api.GET('/event-log', { params: { query } })).items.map(eventOf);
}
for (const event of events) {
  // The type of an event tells the compiler what its data are.
  if (event.type === 'ProductCreated') console.log(`created: ${event.data.name}, ${event.data.stock} in stock`);
  if (event.type === 'OrderConfirmed') console.log(`confirmed: ${event.data.total.amount} cents`);
}

// What the types allow, and what they refuse. It is compiled and not run.

import { millrace, ok } from './client.ts';
import type { EventOf, MillraceEvent } from './events.ts';

const api = millrace({ baseUrl: 'http://localhost:3000', token: async () => 'a token' });
const path = { id: 'burger' };

export async function every_body_of_the_contract_is_allowed() {
  const recipe = [{ ingredientId: 'beef', quantity: 150, unit: 'g' }];
  const product = { name: 'Burger', price: { amount: 950, currency: 'EUR' }, stock: 20, recipe };
  await api.POST('/products', { body: product });
  await api.PUT('/products/{id}', { params: { path, header: { 'If-Match': '"1"' } }, body: product });
  const read = ok(await api.GET('/products/{id}', { params: { path } }));
  await api.PUT('/products/{id}', { params: { path }, body: read });
  await api.PATCH('/products/{id}', { params: { path }, body: { price: { amount: 990 }, lowStockThreshold: null } });
  await api.POST('/orders', { body: { lines: [{ productId: 'burger', quantity: 2 }] } });
  await api.POST('/orders/seed');
  await api.PUT('/ingredients/{id}', { params: { path }, body: { name: 'Beef', unit: 'g', stock: 1, fullLevel: 2 } });
  await api.POST('/ingredients/{id}/restock', { params: { path }, body: { quantity: 5 } });
  const click = { userId: 'ann', type: 'click', payload: { seq: 1, page: '/menu' } };
  await api.POST('/events', { body: click });
  await api.POST('/events/batch', { body: { events: [click, click] } });
  await api.POST('/events/generate', { body: { userId: 'ann', eventType: 'click', payload: {} } });
  await api.POST('/timers', { body: { url: 'https://example.com/hooks', seconds: 3, payload: [1, 'two', null] } });
  await api.DELETE('/timers/{id}', { params: { path } });
}

export async function what_the_contract_does_not_have_is_refused() {
  // @ts-expect-error a path
  await api.GET('/product');
  // @ts-expect-error a method of a path
  await api.DELETE('/products');
  // @ts-expect-error a field's type
  await api.POST('/orders', { body: { lines: [{ productId: 'burger', quantity: '2' }] } });
  // @ts-expect-error a field that is missing
  await api.POST('/orders', { body: {} });
  // @ts-expect-error an id that is missing
  await api.GET('/orders/{id}');
  // @ts-expect-error a parameter's value
  await api.GET('/timers', { params: { query: { status: 'waiting' } } });
}

export function the_type_of_an_event_tells_what_its_data_are(event: MillraceEvent): number {
  // @ts-expect-error not every event has a stock
  void event.data.stock;
  const status: EventOf<'OrderCreated'>['data']['status'] = 'pending';
  // @ts-expect-error a status
  const unknown: typeof status = 'lost';
  void unknown;
  switch (event.type) {
    case 'LowStockWarning':
      return event.data.stock;
    case 'UserActivity':
      return event.data.payload.seq ?? 0;
    default:
      return event.aggregateversion ?? 0;
  }
}

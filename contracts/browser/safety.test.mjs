// What is written by others stays text; the keyboard reaches everything; a lost stream goes on; a hidden page is silent.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EVENT, counts, life, notification, overview, sold } from './answers.mjs';
import { close, end, open, options, shown, visit } from './page.mjs';
import { api, order, until } from './stack.mjs';

after(end);

const EVIL = `"'><img src=x onerror="window.hit=1"><script>window.hit=1</script><a href="javascript:window.hit=1">x</a>\u202e{{7*7}}`;

/** Nothing of it became an element, a handler or a request. */
async function harmless(page, where) {
  const found = await page.evaluate(() => ({
    hit: window.hit,
    scripts: document.querySelectorAll('script:not([src^="console/"])').length,
    images: [...document.images].filter((image) => !image.src.includes('/console/')).length,
    handlers: [...document.querySelectorAll('*')].filter((it) => it.getAttributeNames().some((name) => name.startsWith('on')))
      .length,
    links: [...document.links].filter((link) => !/^https?:$/.test(link.protocol)).length,
  }));
  assert.deepEqual(found, { hit: undefined, scripts: 0, images: 0, handlers: 0, links: 0 }, where);
}

test('hostile text in every field stays text on every screen', options, async () => {
  const name = EVIL.slice(0, 150);
  const unit = '<b>g</b>';
  const { id } = await api('POST', 'ingredients', { name, unit, stock: 100, fullLevel: 100, alertEmail: 'x@example.com' });
  const recipe = [{ ingredientId: id, quantity: 1, unit }];
  const product = await api('POST', 'products', {
    name,
    description: EVIL,
    price: { amount: 1, currency: 'EUR' },
    stock: 90,
    recipe,
  });
  const made = await order(product.id, 60);
  await api('POST', 'events', {
    userId: EVIL,
    type: EVIL.slice(0, 100),
    payload: { seq: 1, fail: true, [EVIL]: EVIL },
    eventId: `${EVIL.slice(0, 90)}${id}`,
  });
  const timer = await api('POST', 'timers', {
    url: `http://localhost:9/${encodeURIComponent(EVIL)}`,
    seconds: 3000,
    payload: EVIL,
  });
  await until('mail', async () => (await api('GET', '_local/mail')).items.some(({ subject }) => subject.includes('img')));
  await until('dead letter', async () => (await api('GET', 'dlq')).items.some(({ eventId }) => eventId.endsWith(id)));
  const evilLife = {
    ...life,
    event: {
      ...life.event,
      eventId: EVIL,
      source: EVIL,
      topic: EVIL,
      data: { [EVIL]: EVIL },
      attributes: { subject: EVIL, [EVIL]: EVIL },
    },
    life: [{ at: EVIL, stage: EVIL, by: EVIL, detail: { [EVIL]: EVIL } }],
    related: [{ eventId: EVIL, type: EVIL, source: EVIL, time: EVIL }],
  };
  const answers = {
    [`/event-log/${EVENT}`]: evilLife,
    '/analytics/products': { items: [{ ...sold.items[0], name: EVIL, productId: EVIL }] },
    '/analytics': { items: counts().items.map((it) => ({ ...it, type: EVIL })) },
    '/overview': { ...overview, dependencies: { [EVIL]: EVIL } },
  };
  const page = await open('overview', { answers });
  const segment = encodeURIComponent(EVIL);
  const screens = [
    'overview',
    'live',
    `event/${EVENT}`,
    'products',
    `products/${product.id}`,
    'ingredients',
    `ingredients/${id}`,
    'orders',
    `orders/${made.id}`,
    'timers',
    `timers/${timer.timerId}`,
    'users',
    `users/${segment}`,
    'letters',
    'analytics',
    'local',
    'local/mail',
    'local/topics',
    'tour',
    `find?q=${segment}`,
    segment,
    `products/${segment}`,
    `products?q=${segment}`,
  ];
  for (const screen of screens) {
    await visit(page, screen);
    await harmless(page, screen);
  }
  const problem = {
    type: EVIL,
    title: EVIL,
    status: 400,
    code: EVIL,
    detail: EVIL,
    errors: [{ field: EVIL, code: EVIL, detail: EVIL }],
  };
  await page.route(
    (asked) => asked.pathname === '/products',
    (route) => route.fulfill({ status: 400, json: problem }),
  );
  await visit(page, 'products');
  await harmless(page, 'an error');
  const sandbox = await (async () => {
    await visit(page, 'local/mail');
    return page.locator('iframe').first().getAttribute('sandbox');
  })();
  assert.equal(sandbox, '');
  await close(page);
});

test('everything is reached by the keyboard alone', options, async () => {
  await api('POST', 'orders/seed');
  const page = await open('overview');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await page.getByRole('heading', { name: 'Orders' }).waitFor();
  await shown(page);
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search');
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.getByLabel('Product', { exact: true }).waitFor();
  await page.keyboard.press('Tab');
  const outlined = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outlined, 'none', 'the focus is visible');
  await page.getByLabel('Product', { exact: true }).focus();
  await page.keyboard.type('fries');
  await page.keyboard.press('Enter');
  await page.locator('.verdict').waitFor();
  await close(page);
});

test('a lost stream goes on behind the last event, so that none is missed and none comes twice', options, async () => {
  const asked = [];
  const stream = (address) => {
    asked.push(address.searchParams.get('after'));
    const first = Number(address.searchParams.get('after') ?? 0) + 1;
    const items = [first, first + 1].map(
      (seq) => `: a comment\n\nid: ${seq}\nevent: x\ndata: ${JSON.stringify(notification(seq))}\n\n`,
    );
    return { raw: { status: asked.length > 3 ? 503 : 200, contentType: 'text/event-stream', body: items.join('') } };
  };
  const page = await open('live?feed=notifications', { answers: { '/notifications/stream': stream } });
  await page.getByText('The connection was lost').waitFor();
  await page.getByText('Title 6', { exact: true }).waitFor();
  await until('another try', () => asked.length > 3);
  assert.deepEqual(asked.slice(0, 4), [null, '2', '4', '6']);
  const titles = await page.locator('.stream .subject bdi').allTextContents();
  assert.deepEqual(
    titles,
    [6, 5, 4, 3, 2, 1].map((seq) => `Title ${seq}`),
  );
  await page.getByLabel('Type').selectOption('LowStockWarning');
  await page.getByText('Title 5', { exact: true }).waitFor({ state: 'detached' });
  await close(page);
});

test('a pause holds the list and counts what comes meanwhile', options, async () => {
  await api('POST', 'orders/seed');
  const page = await open('live');
  await page.getByRole('button', { name: 'Pause' }).click();
  const { id } = await api('POST', 'products', { name: 'Meanwhile', price: { amount: 1, currency: 'EUR' }, stock: 1 });
  await page.getByText(/[1-9]\d* events? came meanwhile/).waitFor();
  assert.equal(await page.getByText(id).count(), 0);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText(id).first().waitFor();
  await close(page);
});

test('a hidden page asks for nothing', options, async () => {
  const page = await open('overview');
  await page.clock.install();
  for (const screen of ['overview', 'local', 'live']) {
    await visit(page, screen);
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }));
    await page.clock.runFor(15_000);
    const requests = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.clock.runFor(60_000);
    assert.deepEqual(requests, [], screen);
    page.removeAllListeners('request');
  }
  await close(page);
});

test('a stack that wants a token says so, and takes one', options, async () => {
  let given;
  const guarded = (route) => {
    given = route.request().headers()['authorization'];
    return given === 'Bearer good'
      ? route.fallback()
      : route.fulfill({
          status: 401,
          json: { status: 401, code: 'unauthenticated', detail: 'a token or an API key was expected' },
        });
  };
  const page = await open('find?q=');
  await page.route((asked) => /^\/(products|health)/.test(asked.pathname), guarded);
  await visit(page, 'products');
  await page.getByText('This stack wants to know who you are').waitFor();
  await page.getByRole('button', { name: 'Use a token or key' }).click();
  for (const [token, told] of [
    ['bad', 'not good'],
    ['good', 'Every request has it now'],
  ]) {
    await page.locator('dialog input').fill(token);
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByText(told).first().waitFor();
  }
  await page.locator('main table, main .state').first().waitFor();
  assert.equal(given, 'Bearer good');
  assert.equal(await page.evaluate(() => JSON.stringify([localStorage.length, document.cookie])), '[0,""]');
  await close(page);
});

// Logs in on the pages of the contract in a browser, on a stack that runs with `--auth` (MILLRACE_URL, MILLRACE_KEY).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { browser } from './chromium.mjs';

const url = process.env.MILLRACE_URL;
const key = process.env.MILLRACE_KEY;
const chrome = await browser('the login of /docs');
const options = { skip: chrome ? false : 'there is no browser', timeout: 120_000 };
after(() => chrome?.close());

/** A page whose faults, and those of the windows that it opens, are noted. */
async function open(path) {
  const context = await chrome.newContext();
  const faults = [];
  const addresses = [];
  context.on('page', (page) => {
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('framenavigated', (frame) => addresses.push(frame.url()));
  });
  const page = await context.newPage();
  await page.goto(`${url}${path}`);
  return { context, page, faults, addresses };
}

/** The status of `GET /orders`, tried out on the page. */
async function orders(page) {
  const operation = page.locator('#operations-orders-listOrders');
  if (!(await operation.locator('.opblock-body').isVisible())) {
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
  }
  const [answer] = await Promise.all([
    page.waitForResponse((answer) => new URL(answer.url()).pathname === '/orders'),
    operation.getByRole('button', { name: 'Execute' }).click(),
  ]);
  return answer.status();
}

/** Logs in as `user`, and answers the token that the issuer gave. */
async function logIn({ context, page }, user) {
  const [popup] = await Promise.all([context.waitForEvent('page'), page.getByRole('button', { name: 'Log in' }).click()]);
  await popup.getByLabel('User name').fill(user);
  const [given] = await Promise.all([
    page.waitForResponse((answer) => answer.url().endsWith('/token')),
    popup.getByRole('button', { name: 'Log in' }).click(),
  ]);
  return { token: (await given.json()).access_token, popup };
}

test('a user logs in with PKCE, calls the API, and logs out; the token is in no address and in no store', options, async () => {
  const opened = await open('/docs');
  const { context, page, faults, addresses } = opened;
  const bar = await page.locator('#login').evaluate((it) => getComputedStyle(it).display);
  assert.equal(bar, 'flex', 'the style of the page is not loaded');
  const reported = page.waitForEvent('console', (message) => message.text().includes('401'));
  assert.equal(await orders(page), 401);
  await reported; // The browser reports the 401, at times after the answer.
  faults.length = 0;
  const { token, popup } = await logIn(opened, 'ann');
  await page.getByRole('status').filter({ hasText: /^Logged in/ }).waitFor();
  assert.equal(await orders(page), 200);
  assert.ok(popup.isClosed() || (await popup.waitForEvent('close'), true));
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(token.length > 100 && !kept.includes(token), kept);
  assert.ok(addresses.some((address) => address.includes('code_challenge=')));
  assert.deepEqual(addresses.filter((address) => address.includes(token)), []);
  assert.deepEqual(faults, []);

  await page.getByRole('button', { name: 'Log out' }).click();
  assert.equal(await orders(page), 401);
  await context.close();
});

test('an answer with another state, or from another issuer, is not taken', options, async () => {
  for (const wrong of [{ state: 'other' }, { iss: 'http://localhost:1' }, { error: 'access_denied' }]) {
    const { context, page, faults } = await open('/docs');
    const [popup] = await Promise.all([context.waitForEvent('page'), page.getByRole('button', { name: 'Log in' }).click()]);
    await popup.getByLabel('User name').waitFor();
    const asked = new URL(popup.url());
    const answer = new URLSearchParams({ code: 'c', state: asked.searchParams.get('state'), iss: asked.origin, ...wrong });
    if (wrong.error) answer.delete('code');
    await popup.goto(`${url}/docs/callback?${answer}`);
    assert.equal(new URL(popup.url()).search, '', 'the answer stays in the address');
    const said = page.getByRole('status');
    if (wrong.state) {
      // The page waits on for an answer of its own, which it takes.
      await popup.goto(asked.href);
      await popup.getByLabel('User name').fill('ann');
      await popup.getByRole('button', { name: 'Log in' }).click();
      await said.filter({ hasText: /^Logged in/ }).waitFor();
      assert.deepEqual(faults, []);
      await context.close();
      continue;
    }
    await said.filter({ hasText: 'Not logged in' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Log out' }).isVisible(), false);
    assert.deepEqual(faults, []);
    await context.close();
  }
});

test('Authorize takes an API key', options, async () => {
  const { context, page, faults } = await open('/docs');
  await page.locator('.auth-wrapper .authorize').click();
  await page.locator('.modal-ux input').first().fill(key);
  await page.locator('.modal-ux button.authorize').first().click();
  await page.locator('.modal-ux .btn-done').first().click();
  assert.equal(await orders(page), 200);
  assert.deepEqual(faults, []);
  await context.close();
});

test('the page of the events breaks no rule of its policy', options, async () => {
  const { context, page, faults } = await open('/docs/events');
  assert.ok(await page.getByRole('heading', { level: 1 }).isVisible());
  assert.deepEqual(faults, []);
  await context.close();
});

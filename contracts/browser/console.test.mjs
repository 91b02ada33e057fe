// Tries the console in a browser: every screen in both schemes and on a phone, and what can be done on each.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { EVENT, counts, instead, life, notification, ofBurger, overview, sold } from './answers.mjs';
import { browser } from './chromium.mjs';
import { api, fill, until, url } from './stack.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where screenshots of all screens go, for a person to look at. */
const SHOTS = process.env.SCREENSHOTS;

const chrome = await browser('the console');
const options = { skip: chrome ? false : 'there is no browser', timeout: 180_000 };
let stored;

before(async () => {
  if (!chrome) return;
  if (SHOTS) await mkdir(SHOTS, { recursive: true });
  stored = await fill();
});
after(() => chrome?.close());

/** A page that fails its test when a script fails, or when something is against its policy. */
async function open(address, { phone = false, scheme = 'light', answers = {}, ...more } = {}) {
  const context = await chrome.newContext({ viewport: phone ? { width: 360, height: 740 } : { width: 1280, height: 800 }, colorScheme: scheme, reducedMotion: 'reduce', bypassCSP: false, ...more });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (4|5)\d\d/.test(message.text())) page.faults.push(message.text());
  });
  page.on('dialog', (dialog) => (page.faults.push(`a dialog: ${dialog.message()}`), dialog.dismiss()));
  await instead(page, answers);
  await page.goto(`${url}/console#/${address}`);
  await shown(page);
  return page;
}

/** The screen has its title, and nothing is loading. */
async function shown(page) {
  await page.waitForSelector('main h1, main .state');
  await page.waitForFunction(() => !document.querySelector('main .loading'));
}

async function visit(page, address) {
  await page.goto('about:blank');
  await page.goto(`${url}/console#/${address}`);
  await shown(page);
}

async function closed(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** Fields by their labels, and the button that sends them. */
async function send(page, fields, button) {
  for (const [label, value] of Object.entries(fields)) await page.locator('dialog').getByLabel(label, { exact: false }).first().fill(value);
  await page.locator('dialog').getByRole('button', { name: button, exact: true }).click();
}

const said = (page, text) => page.locator('#said').getByText(text).first().waitFor();

const screens = () => [
  ['overview', 'overview'], ['live', 'live'], ['event', `event/${stored.logged.eventId}`], ['products', 'products'], ['product', 'products/cheeseburger'],
  ['ingredients', 'ingredients'], ['ingredient', 'ingredients/cheese'], ['orders', 'orders'], ['order-rejected', `orders/${stored.rejected.id}`], ['timers', 'timers'],
  ['timer', `timers/${stored.timer.timerId}`], ['users', 'users'], ['user', 'users/ann'], ['user-waiting', 'users/bob'], ['letters', 'letters'], ['analytics', 'analytics'],
  ['functions', 'local'], ['faults', 'local/faults'], ['crashes', 'local/crashes'], ['mail', 'local/mail'], ['topics', 'local/topics'], ['schedules', 'local/schedules'],
  ['tour', 'tour'], ['find', 'find?q=nothing-has-this'], ['nowhere', 'no-such-screen'],
];

/** Screens of parts that answer here as the contract has it. */
const told = {
  [`/event-log/${EVENT}`]: life, '/overview': overview, '/analytics': () => counts(), '/analytics/products': sold,
  '/event-log': (asked) => (asked.searchParams.get('subject') === 'burger' ? ofBurger : null),
};
const toldScreens = [['life', `event/${EVENT}`], ['overview-trouble', 'overview'], ['analytics-full', 'analytics']];

for (const scheme of ['light', 'dark']) {
  for (const phone of [false, true]) {
    test(`every screen is well in ${scheme}${phone ? ', on a phone' : ''}`, options, async (t) => {
      const page = await open('overview', { scheme, phone });
      const full = await open('overview', { scheme, phone, answers: told });
      for (const [on, name, address] of [...screens().map((it) => [page, ...it]), ...toldScreens.map((it) => [full, ...it])]) {
        await t.test(name, async () => {
          await visit(on, address);
          assert.ok(await on.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it is wider than the window');
          if (SHOTS) await on.screenshot({ path: `${SHOTS}/${name}-${scheme}${phone ? '-phone' : ''}.png`, fullPage: true });
          await on.evaluate(`(() => { ${AXE}; window.axe = axe; })()`).catch(() => {});
          const { violations } = await on.evaluate(() => window.axe.run(document, { rules: { region: { enabled: true } } }));
          assert.equal(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`).join('\n'), '');
        });
      }
      await closed(page);
      await closed(full);
    });
  }
}

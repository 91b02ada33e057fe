// Every screen, in both schemes and on a phone: no script fails, nothing is wider than the window, and axe finds nothing.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { EVENT, counts, life, ofBurger, overview, sold } from './answers.mjs';
import { close, end, open, options, visit } from './page.mjs';
import { fill } from './stack.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where screenshots of all screens go, for a person to look at. */
const SHOTS = process.env.SCREENSHOTS;

let stored;
before(async () => {
  if (options.skip) return;
  if (SHOTS) await mkdir(SHOTS, { recursive: true });
  stored = await fill();
});
after(end);

const screens = () => [
  ['overview', 'overview'],
  ['live', 'live'],
  ['notifications', 'live?feed=notifications'],
  ['event', `event/${stored.logged.eventId}`],
  ['products', 'products'],
  ['product', 'products/cheeseburger'],
  ['ingredients', 'ingredients'],
  ['ingredient', 'ingredients/cheese'],
  ['orders', 'orders'],
  ['order-rejected', `orders/${stored.rejected.id}`],
  ['timers', 'timers'],
  ['timer', `timers/${stored.timer.timerId}`],
  ['users', 'users'],
  ['user', 'users/ann'],
  ['user-waiting', 'users/bob'],
  ['letters', 'letters'],
  ['analytics', 'analytics'],
  ['functions', 'local'],
  ['faults', 'local/faults'],
  ['crashes', 'local/crashes'],
  ['mail', 'local/mail'],
  ['topics', 'local/topics'],
  ['schedules', 'local/schedules'],
  ['tour', 'tour'],
  ['find', 'find?q=nothing-has-this'],
  ['nowhere', 'no-such-screen'],
];

/** Screens with answers as the contract has them, whatever the stack has. */
const told = {
  [`/event-log/${EVENT}`]: life,
  '/overview': overview,
  '/analytics': () => counts(),
  '/analytics/products': sold,
  '/event-log': (asked) => (asked.searchParams.get('subject') === 'burger' ? ofBurger : null),
};
const toldScreens = [
  ['life', `event/${EVENT}`],
  ['overview-trouble', 'overview'],
  ['analytics-full', 'analytics'],
];

async function well(page, name, address, suffix) {
  await visit(page, address);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${suffix}.png`, fullPage: true });
  assert.ok(wide <= 0, `it is ${wide} px wider than the window`);
  await page.evaluate(`{ ${AXE}; window.axe = axe; }`);
  const { violations } = await page.evaluate(() => window.axe.run());
  const told = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map((node) => `${node.html} ${node.failureSummary}`)
        .join('\n')}`,
  );
  assert.equal(told.join('\n'), '');
}

for (const scheme of ['light', 'dark']) {
  for (const phone of [false, true]) {
    const suffix = `${scheme}${phone ? '-phone' : ''}`;
    test(`every screen is well: ${suffix}`, options, async (t) => {
      const page = await open('overview', { scheme, phone });
      const full = await open('overview', { scheme, phone, answers: told });
      for (const [name, address] of screens()) await t.test(name, () => well(page, name, address, suffix));
      for (const [name, address] of toldScreens) await t.test(name, () => well(full, name, address, suffix));
      await close(page);
      await close(full);
    });
  }
}

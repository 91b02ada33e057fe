// A page of the console, as a test sees it.

import assert from 'node:assert/strict';
import { instead } from './answers.mjs';
import { browser } from './chromium.mjs';
import { url } from './stack.mjs';

const chrome = await browser('the console');

/** What each test needs: a browser, and time. */
export const options = { skip: chrome ? false : 'there is no browser', timeout: 240_000 };

/** A page that remembers when a script failed, or when something was against its policy. */
export async function open(address, { phone = false, scheme = 'light', answers = {} } = {}) {
  const viewport = phone ? { width: 360, height: 740 } : { width: 1280, height: 800 };
  const context = await chrome.newContext({
    viewport,
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of [45]\d\d|ERR_/.test(message.text())) page.faults.push(message.text());
  });
  page.on('dialog', (dialog) => (page.faults.push(`a dialog: ${dialog.message()}`), dialog.dismiss()));
  await instead(page, answers);
  await page.goto(`${url}/console#/${address}`);
  await shown(page);
  return page;
}

/** The screen has its title, and nothing is loading. */
export async function shown(page) {
  await page.waitForSelector('main h1');
  await page.waitForFunction(() => !document.querySelector('main .loading'));
}

export async function visit(page, address) {
  await page.goto('about:blank');
  await page.goto(`${url}/console#/${address}`);
  await shown(page);
}

/** Nothing went wrong. */
export async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** Writes into fields of the dialog, by their labels, and sends it. */
export async function send(page, fields, button) {
  for (const [label, value] of Object.entries(fields)) await page.locator('dialog').getByLabel(label).first().fill(value);
  await page.locator('dialog').getByRole('button', { name: button, exact: true }).click();
}

/** It was said that something was done. */
export const said = (page, text) => page.locator('#said').getByText(text).first().waitFor();

/** Ends the browser, so that the tests end. */
export const end = () => chrome?.close();

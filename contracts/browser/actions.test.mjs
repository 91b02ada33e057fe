// What can be done on each screen, and what the console says when it is refused.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { close, end, open, options, said, send, shown, visit } from './page.mjs';
import { api, fill, until } from './stack.mjs';

let stored;
before(async () => {
  if (!options.skip) stored = await fill();
});
after(end);

const id = () => `x${Math.random().toString(36).slice(2, 10)}`;

test('a product is made, changed and deleted, and each bad field says what is wrong with it', options, async () => {
  const page = await open('products');
  await page.getByRole('button', { name: 'New product' }).click();
  await send(page, { Id: 'no blanks', Name: ' ', Price: '1.234', Currency: 'EURO', Stock: '-1' }, 'Create');
  for (const at of ['/id', '/name', '/price/amount', '/price/currency', '/stock']) {
    const problem = page.locator(`dialog .field[data-at="${at}"] .problem`);
    await problem.filter({ hasText: /\w/ }).waitFor();
  }
  assert.equal(await page.evaluate(() => document.activeElement.name), '/id', 'the first bad field has the focus');
  const product = id();
  await send(page, { Id: product, Name: 'Soup', Price: '9.50', Currency: 'EUR', Stock: '7', 'Low below': '8' }, 'Create');
  await said(page, 'Created.');
  await page.getByRole('heading', { name: 'Soup' }).waitFor();
  await page.getByText('low', { exact: true }).first().waitFor();
  assert.equal((await api('GET', `products/${product}`)).price.amount, 950);

  await page.getByRole('button', { name: 'Change' }).click();
  await send(page, { Stock: '12' }, 'Save');
  await said(page, 'Saved as version 2.');
  await until('the history', async () => {
    await page.keyboard.press('r');
    await shown(page);
    return (await page.getByRole('link', { name: 'ProductUpdated' }).count()) > 0;
  });
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Delete' }).click();
  await said(page, 'Deleted.');
  await close(page);
});

test('a conflict shows what others have changed, and who wins is chosen', options, async () => {
  const product = await api('POST', 'products', { id: id(), name: 'Tea', price: { amount: 200, currency: 'EUR' }, stock: 5 });
  const page = await open(`products/${product.id}`);
  for (const [choice, stock] of [
    ['Take theirs', 50],
    ['Keep mine', 9],
  ]) {
    await visit(page, `products/${product.id}`);
    await page.getByRole('button', { name: 'Change' }).click();
    await api('PATCH', `products/${product.id}`, { stock: 50, name: `Tea, ${choice}` });
    await send(page, { Stock: '9' }, 'Save');
    await page.getByText('Somebody else has changed it meanwhile').waitFor();
    await page.locator('dialog ins').filter({ hasText: choice }).waitFor();
    await page.getByRole('button', { name: choice }).click();
    if (choice === 'Keep mine') {
      await page.locator('dialog').getByRole('button', { name: 'Save' }).click();
      await said(page, 'Saved');
    }
    assert.equal((await api('GET', `products/${product.id}`)).stock, stock);
  }
  await close(page);
});

test('an ingredient is made, restocked and changed', options, async () => {
  const page = await open('ingredients');
  await page.getByRole('button', { name: 'New ingredient' }).click();
  await send(page, { Id: id(), Name: 'Dill', Unit: 'g', Stock: '4', 'Full level': '100', 'Alert to': 'nobody' }, 'Create');
  await page.locator('dialog .field.wrong[data-at="/alertEmail"]').waitFor();
  await send(page, { 'Alert to': 'kitchen@example.com' }, 'Create');
  await page.getByRole('heading', { name: 'Dill' }).waitFor();
  await page.locator('.facts').getByText('below half').waitFor();
  await page.getByRole('button', { name: 'Restock' }).click();
  await send(page, {}, 'Restock');
  await page.getByText('100 / 100').waitFor();
  await page.getByRole('button', { name: 'Change' }).click();
  await send(page, { 'Full level': '400' }, 'Save');
  await page.getByText('100 / 400').waitFor();
  await close(page);
});

test('an order is made and followed, and a rejected one says why and leads there', options, async () => {
  const page = await open('orders');
  await page.getByRole('button', { name: 'New order' }).click();
  await page.getByLabel('Product', { exact: true }).fill('no-such-product');
  await page.locator('dialog').getByRole('button', { name: 'Order' }).click();
  await page.locator('dialog .state.bad, dialog .field.wrong').first().waitFor();
  await page.getByLabel('Product', { exact: true }).fill('fries');
  await page.getByLabel('Pieces').fill('100000');
  await page.locator('dialog').getByRole('button', { name: 'Order' }).click();
  await page.locator('.verdict.bad').getByText('There was not enough of').waitFor();
  await page.locator('.verdict.bad a').click();
  await page.getByRole('heading', { name: 'Fries' }).waitFor();
  await page.goBack();
  await page.locator('.verdict.bad').waitFor();
  await page.reload();
  await page.locator('.verdict.bad').waitFor();
  await visit(page, 'orders?status=rejected');
  assert.equal(await page.locator('tbody .badge.ok').count(), 0, 'the filter of the address holds');
  await close(page);
});

test('a dead letter says what it died of, and is followed when it is sent again', options, async () => {
  await api('POST', 'events', { userId: id(), type: 'order', payload: { seq: 1, fail: true }, eventId: id() });
  const page = await open('letters?q=fail is true');
  await page.getByText('payload.fail is true').first().waitFor();
  await page.getByRole('button', { name: 'Look inside' }).first().click();
  await page.getByRole('dialog', { name: 'Dead letter' }).getByText('payload.fail is true').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Send again' }).first().click();
  await page.getByText('died again').first().waitFor();
  await close(page);
});

test('a timer is set and cancelled', options, async () => {
  const page = await open('timers');
  await page.getByRole('button', { name: 'New timer' }).click();
  await send(page, { URL: 'no url', Seconds: '' }, 'Set the timer');
  await page.locator('dialog .field.wrong').first().waitFor();
  await send(page, { URL: 'http://localhost:9/hook', Minutes: '10', Payload: '{"table": 7}' }, 'Set the timer');
  await page.getByRole('button', { name: 'Cancel the timer' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Cancel the timer' }).click();
  await page.getByText('cancelled', { exact: true }).waitFor();
  await close(page);
});

test('the sequence of a user shows the gap that it waits for, and closes it', options, async () => {
  const user = id();
  const page = await open('users');
  for (const [number, expected] of [
    ['2', 'wait for number 1'],
    ['1', '2 processed'],
  ]) {
    await visit(page, number === '2' ? 'users' : `users/${user}`);
    await page.getByRole('button', { name: 'Send an event' }).click();
    await send(page, { User: user, Number: number }, 'Send');
    await said(page, 'Kafka has it.');
    await until(expected, async () => {
      await visit(page, `users/${user}`);
      return (await page.getByText(expected).count()) > 0;
    });
  }
  await close(page);
});

test('what has an id is found, whatever it is', options, async () => {
  const page = await open('overview');
  for (const [wanted, title] of [
    [stored.rejected.id, 'Order'],
    ['cheese', 'Cheese'],
    ['cheeseburger', 'Cheeseburger'],
    [stored.timer.timerId, 'Timer'],
    ['will-fail', /Event|UserActivity/],
  ]) {
    await page.keyboard.press('Escape');
    await page.locator('.top input').fill(wanted);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
  }
  await close(page);
});

test('the local stack is broken on purpose, and mended', options, async () => {
  const page = await open('local');
  await page.getByRole('row').filter({ hasText: 'archive' }).getByRole('button', { name: 'Kill' }).click();
  await page.locator('#said p').first().waitFor();
  await visit(page, 'local/faults');
  await page.getByRole('row').filter({ hasText: 'slowFunction' }).getByRole('button', { name: 'Start' }).click();
  await send(page, { 'For how many seconds': '60', Delay: '10' }, 'Start');
  await page.getByRole('button', { name: 'End' }).click();
  await page.getByText('Nothing is broken').waitFor();
  await visit(page, 'local/schedules');
  await page.getByRole('button', { name: 'Start now' }).first().click();
  await said(page, 'outbox-relay was started.');
  await visit(page, 'local/mail');
  const frame = page.frameLocator('iframe').first();
  await frame.getByText('is below half of its full level').first().waitFor();
  await visit(page, 'local/crashes');
  await close(page);
});

test('the tour leads from an empty stack to the life of an event', options, async () => {
  const page = await open('tour');
  for (const button of ['Load', 'Order', 'Look', 'Kill it', 'Find it']) {
    const step = page.locator('.steps > li').filter({ has: page.getByRole('button', { name: button, exact: true }) });
    await step.getByRole('button', { name: button, exact: true }).click();
    await step.and(page.locator('.done')).waitFor({ timeout: 90_000 });
  }
  await page.getByText('60 of 60 decided').waitFor();
  await close(page);
});

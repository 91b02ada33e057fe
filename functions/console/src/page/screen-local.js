// The local stack: its functions, faults and crash points to switch, mails as they look, schedules to start, and how far
// consumers are.

import { get, request, segment } from './api.js';
import { code, data, fill, h } from './dom.js';
import { formDialog } from './form.js';
import { badge, button, empty, failure, head, json, loading, say, section, table } from './parts.js';
import { to } from './router.js';
import { ago, count, duration, number } from './time.js';

/** @typedef {{name: string, instances: number, pids: number[], inFlight: number, invocations: number, errors: number, coldStarts: number, throttles: number}} Fn */
/** @typedef {{kind: string, probability: number, durationMs: number, function?: string | null, delayMs?: number}} Fault */
/** @typedef {{function: string, step: string, armed: boolean, struck: boolean}} Point */
/** @typedef {{to: string[] | string, subject: string, text: string, html: string, tags: unknown, at: string}} Mail */

/** @type {[string, string][]} */
const TABS = [['functions', 'Functions'], ['faults', 'Faults'], ['crashes', 'Crash points'], ['mail', 'Mail'], ['topics', 'Topics'], ['schedules', 'Schedules']];

/** What each fault does. @type {Record<string, string>} */
const FAULTS = {
  kafkaDown: 'Kafka takes no connections', dynamodbThrottled: 'DynamoDB refuses writes and reads', transactionConflict: 'Transactions are cancelled by conflicts',
  errorAfterCommit: 'DynamoDB writes, and then answers with an error', slowFunction: 'Functions begin late', sesThrottled: 'SES takes no mail', sesRejects: 'SES rejects mails',
  sesErrorAfterSend: 'SES sends, and then answers with an error',
};

/** @type {import('./router.js').Screen} */
export default async (context) => {
  const { root, params, signal, title, every } = context;
  const open = TABS.some(([name]) => name === params[0]) ? (params[0] ?? 'functions') : 'functions';
  title('Local stack');
  const place = h('div', { class: 'stack' }, loading());
  fill(root, head('Local stack', [], h('p', {}, 'What only a stack on this machine can do: look inside, and break things on purpose.')),
    h('div', { class: 'tabs' }, TABS.map(([name, text]) => h('a', { href: to(['local', name]), 'aria-current': name === open ? 'page' : null }, text))), place);
  const parts = { functions, faults, crashes, mail, topics, schedules };
  let drawn = '';
  const show = async () => {
    try {
      const { state, draw } = await parts[/** @type {keyof typeof parts} */ (open)](signal, async () => {
        drawn = '';
        await show();
      });
      const text = JSON.stringify(state);
      if (text !== drawn && !signal.aborted) fill(place, draw());
      drawn = text;
    } catch (error) {
      if (!signal.aborted) fill(place, failure(error, show));
    }
  };
  await show();
  every(2, show);
};

/** @typedef {Promise<{state: unknown, draw: () => import('./dom.js').Child}>} Part What is asked again and again, and drawn when it is another. */

/** Does something, says so, and shows what is then. @param {() => Promise<string>} act @param {() => unknown} then */
const doing = (act, then) => async () => {
  try {
    say(await act());
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), 'bad');
  }
  await then();
};

/** @param {AbortSignal} signal @param {() => unknown} then @returns {Part} */
async function functions(signal, then) {
  /** @type {{items: Fn[]}} */
  const { items } = await get('_local/functions', { signal });
  const kill = (/** @type {string} */ name, /** @type {string} */ kind) => doing(async () => {
    const { data: killed } = await request('POST', `_local/functions/${segment(name)}/kill`, { query: { signal: kind } });
    return killed.pids.length > 0 ? `${count(killed.pids.length, 'process', 'processes')} of ${name} got SIG${kind}.` : `${name} has no process right now.`;
  }, then);
  return { state: items, draw: () => table('Functions', [
    { title: 'Function', cell: (it) => code(it.name) },
    { title: 'Processes', kind: 'number', cell: (it) => number(it.instances) },
    { title: 'In flight', kind: 'number', cell: (it) => number(it.inFlight) },
    { title: 'Invocations', kind: 'number', cell: (it) => number(it.invocations) },
    { title: 'Cold starts', kind: 'number', cell: (it) => number(it.coldStarts) },
    { title: 'Errors', kind: 'number', cell: (it) => (it.errors > 0 ? badge('bad', number(it.errors)) : '0') },
    { title: 'Throttles', kind: 'number', cell: (it) => (it.throttles > 0 ? badge('warn', number(it.throttles)) : '0') },
    { title: '', kind: 'end', cell: (it) => [button('Kill', kill(it.name, 'KILL'), { kind: 'small danger', title: `kill -9 all processes of ${it.name}` }), ' ', button('Freeze', kill(it.name, 'STOP'), { kind: 'small' }), ' ', button('Thaw', kill(it.name, 'CONT'), { kind: 'small' })] },
  ], items) };
}

/** @param {AbortSignal} signal @param {() => unknown} then @returns {Part} */
async function faults(signal, then) {
  /** @type {{items: Fault[]}} */
  const { items } = await get('_local/faults', { signal });
  const end = (/** @type {Fault} */ { kind, function: name }) => doing(async () => (await request('POST', '_local/faults', { body: { kind, durationMs: 0, ...(name ? { function: name } : {}) } }), 'Ended.'), then);
  return { state: items.map(({ kind, function: name }) => [kind, name]), draw: () => [
    items.length > 0 ? table('Faults in force', [
      { title: 'In force', cell: (it) => h('span', {}, badge('warn', it.kind), ' ', FAULTS[it.kind] ?? '', it.function ? [' (', code(it.function), ')'] : null) },
      { title: 'Hits', kind: 'number', cell: (it) => `${number(it.probability * 100)} %` },
      { title: 'Still', kind: 'number', cell: (it) => duration(it.durationMs) },
      { title: '', kind: 'end', cell: (it) => button('End', end(it), { kind: 'small' }) },
    ], items) : empty('Nothing is broken', 'Break something below, and see on the overview and under load what it does.'),
    section('Break something', table('Faults', [
      { title: 'Fault', cell: ([kind]) => code(kind) },
      { title: 'What happens', cell: ([, text]) => text },
      { title: '', kind: 'end', cell: ([kind]) => button('Start', () => start(kind, then), { kind: 'small' }) },
    ], Object.entries(FAULTS))),
  ] };
}

/** @param {string} kind @param {() => unknown} then */
function start(kind, then) {
  const slow = kind === 'slowFunction';
  /** @type {import('./form.js').Field[]} */
  const fields = [
    { at: '/durationMs', label: 'For how many seconds', type: 'number', value: 30, read: (text) => Math.round(Number(text) * 1000) },
    { at: '/probability', label: 'Probability', type: 'number', value: 1, read: Number, hint: '0 to 1: how many operations it hits.' },
  ];
  if (slow) fields.push({ at: '/delayMs', label: 'Delay in milliseconds', type: 'number', value: 2000, read: Number }, { at: '/function', label: 'Only this function', optional: true });
  formDialog({ title: FAULTS[kind] ?? kind, fields, submit: 'Start', send: async (body) => {
    await request('POST', '_local/faults', { body: { kind, ...body } });
    await then();
    return 'It is in force.';
  } });
}

/** @param {AbortSignal} signal @param {() => unknown} then @returns {Part} */
async function crashes(signal, then) {
  /** @type {{items: Point[]}} */
  const { items } = await get('_local/crash-points', { signal });
  const arm = (/** @type {Point} */ it) => doing(async () => (await request('POST', '_local/crash-points', { body: { function: it.function, step: it.step } }), `The next ${it.function} that gets there is killed.`), then);
  const functionsOf = [...Map.groupBy(items, (it) => it.function)];
  return { state: items, draw: () => (items.length === 0 ? empty('No function has passed a step yet', 'Make an order: each step that a function takes can then be armed to kill it.') : functionsOf.map(([name, points]) => h('section', { class: 'group' }, h('header', {}, h('h2', {}, code(name)), badge('info', count(points.length, 'step'))),
    table(`Steps of ${name}`, [
      { title: 'Step', cell: (it) => code(it.step) },
      { title: 'State', kind: 'tight', cell: (it) => (it.armed ? badge('warn', 'armed') : it.struck ? badge('bad', 'killed here') : badge('off', 'passed')) },
      { title: '', kind: 'end', cell: (it) => (it.armed ? null : button('Arm', arm(it), { kind: 'small' })) },
    ], points)))) };
}

/** @param {AbortSignal} signal @returns {Part} */
async function mail(signal) {
  /** @type {{items: Mail[]}} */
  const { items } = await get('_local/mail', { signal });
  return { state: items, draw: () => (items.length === 0 ? empty('No mail was sent yet', 'One is sent when an ingredient falls below half. ', h('a', { href: to(['tour']) }, 'Take the tour')) : items.toReversed().map((it) => section(it.subject,
    h('p', { class: 'quiet' }, 'to ', data([it.to].flat().join(', ')), ', ', ago(it.at)), it.html ? framed(it.html) : null, h('details', {}, h('summary', {}, 'As text'), h('pre', { tabindex: 0 }, it.text)), h('details', {}, h('summary', {}, 'Tags'), json(it.tags))))) };
}

/** @type {{createHTML: (html: string) => string} | undefined} */
let policy;

/** A mail's HTML, in a frame of no origin in which nothing runs and nothing loads. @param {string} html */
export function framed(html) {
  /** @type {any} */
  const trusted = globalThis;
  policy ??= trusted.trustedTypes?.createPolicy('mail', { createHTML: (/** @type {string} */ text) => text }) ?? { createHTML: (text) => text };
  const frame = h('iframe', { class: 'mail', sandbox: '', title: 'The mail as it looks' });
  frame.srcdoc = policy?.createHTML(html) ?? '';
  return frame;
}

/** @param {AbortSignal} signal @returns {Part} */
async function topics(signal) {
  /** @type {{items: import('./screen-overview.js').Lag[]}} */
  const { items } = await get('_local/lag', { signal });
  const groups = [...Map.groupBy(items, (it) => it.topic)];
  return { state: items, draw: () => groups.map(([topic, parts]) => h('section', { class: 'group' }, h('header', {}, h('h2', {}, code(topic)), badge('info', count(new Set(parts.map((it) => it.partition)).size, 'partition'))),
    table(`Consumers of ${topic}`, [
      { title: 'Consumer', cell: ([name]) => code(name) },
      { title: 'Records', kind: 'number', cell: ([, of]) => number(of.reduce((sum, it) => sum + it.end, 0)) },
      { title: 'Behind', kind: 'number', cell: ([, of]) => number(of.reduce((sum, it) => sum + it.lag, 0)) },
      { title: 'Partitions: processed of written', cell: ([, of]) => code(of.filter((it) => it.end > 0).map((it) => `${it.partition}: ${it.committed}/${it.end}`).join('  ') || '–', { class: 'quiet' }) },
    ], [...Map.groupBy(parts, (it) => it.function)]))) };
}

/** What each scheduled function does. */
const SCHEDULES = [['outbox-relay', 'Publishes what a crash or an outage left in the outbox'], ['activity-sweeper', 'Steps over gaps whose deadline has passed'], ['timer-runner', 'Makes timers due']];

/** @param {AbortSignal} signal @param {() => unknown} then @returns {Part} */
async function schedules(signal, then) {
  /** @type {{items: Fn[]}} */
  const { items } = await get('_local/functions', { signal });
  const tick = (/** @type {string} */ name) => doing(async () => (await request('POST', '_local/clock/tick', { query: { function: name } }), `${name} was started.`), then);
  return { state: null, draw: () => table('Schedules', [
    { title: 'Function', cell: ([name]) => code(name) },
    { title: 'What it does', cell: ([, text]) => text },
    { title: 'Every', kind: 'tight', cell: () => 'minute' },
    { title: 'Invocations', kind: 'number', cell: ([name]) => number(items.find((it) => it.name === name)?.invocations ?? 0) },
    { title: '', kind: 'end', cell: ([name]) => button('Start now', tick(name ?? ''), { kind: 'small' }) },
  ], SCHEDULES) };
}

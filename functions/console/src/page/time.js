// Times, lengths of time, numbers and money, as the browser's language has them. Times are local, and UTC in their title.

import { h } from './dom.js';

const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });
const NUMBER = new Intl.NumberFormat();
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** @typedef {string | number | null | undefined} When RFC 3339, or milliseconds since 1970. */

/** @param {When} when */
function parsed(when) {
  const date = new Date(when ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * A time as an element.
 * @param {When} when
 * @param {(date: Date) => string} [format]
 */
export function time(when, format = DATE_TIME.format) {
  const date = parsed(when);
  if (!date) return h('span', { class: 'quiet' }, when === null || when === undefined ? '–' : String(when));
  return h('time', { datetime: date.toISOString(), title: utc(date) }, format(date));
}

/** The time of day, to the millisecond. @param {When} when */
export const clock = (when) => time(when, CLOCK.format);

/** @param {Date} date */
const utc = (date) => `${date.toISOString().replace('T', ' ').replace('Z', '')} UTC`;

/** `5 min ago`, or `in 3 s`. @param {Date} date */
function relative(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return RELATIVE.format(Math.round(seconds / size), unit);
}

/** How long ago something was, which goes on while it is shown. */
class TimeAgo extends HTMLElement {
  static shown = new Set();

  connectedCallback() {
    TimeAgo.shown.add(this);
    this.tick();
  }

  disconnectedCallback() {
    TimeAgo.shown.delete(this);
  }

  tick() {
    const date = parsed(this.getAttribute('at'));
    if (date) this.replaceChildren(time(date.getTime(), relative));
  }
}
customElements.define('time-ago', TimeAgo);
setInterval(() => {
  if (!document.hidden) for (const element of TimeAgo.shown) element.tick();
}, 1000);

/** @param {When} when */
export function ago(when) {
  const date = parsed(when);
  if (!date) return time(when);
  const element = document.createElement('time-ago');
  element.setAttribute('at', date.toISOString());
  return element;
}

/** A length of time for people. @param {number} ms */
export function duration(ms) {
  const size = Math.abs(ms);
  if (size < 1000) return `${Math.round(ms)} ms`;
  if (size < 60_000) return `${NUMBER.format(Math.round(ms / 100) / 10)} s`;
  if (size < 3_600_000) return `${NUMBER.format(Math.floor(ms / 60_000))} min ${Math.round((ms % 60_000) / 1000)} s`;
  if (size < 86_400_000) return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
  return `${Math.floor(ms / 86_400_000)} d ${Math.round((ms % 86_400_000) / 3_600_000)} h`;
}

/** @param {number} value */
export const number = (value) => NUMBER.format(value);
/** @param {number} value */
export const compact = (value) => COMPACT.format(value);
/** A count with its noun. @param {number} value @param {string} one @param {string} [many] */
export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** How many digits the minor unit of a currency has; null if there is no such currency. @param {string} currency */
export function minorDigits(currency) {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return null;
  }
}

/** Money, which the API has in minor units. @param {{amount: number, currency: string}} price */
export function money({ amount, currency }) {
  const digits = minorDigits(currency);
  if (digits === null) return `${NUMBER.format(amount)} ${currency}`;
  return new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(amount / 10 ** digits);
}

/** What an input of `type=datetime-local` shows. @param {Date} date */
export function localInput(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

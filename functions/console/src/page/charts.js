// Charts: columns over time, stacked by kind, and bars of a ranking. Values are read by mouse, by the arrow keys and by screen
// readers, and each chart is a table too.

import { fill, h, svg } from './dom.js';
import { button } from './parts.js';
import { table } from './table.js';
import { compact } from './time.js';

/** @typedef {{name: string, values: number[]}} Series */

const HEIGHT = 220;
const EDGE = { top: 10, bottom: 22, start: 52 };

/** How wide a label of a column is, with the space around it. */
const LABEL = 74;

/** Steps of a scale that people like, for a greatest value. @param {number} greatest */
export function scale(greatest) {
  const rough = Math.max(greatest, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? 1,
    greatest <= 4 ? 1 : 0,
  );
  const steps = Math.ceil(Math.max(greatest, 1) / step);
  return { top: step * steps, ticks: Array.from({ length: steps + 1 }, (_, i) => i * step) };
}

/**
 * Columns over time.
 * @typedef {object} Columns
 * @property {string} title
 * @property {string[]} labels What each column is of.
 * @property {Series[]} series
 * @property {(value: number) => string} format
 * @property {(value: number) => string} [axis] Of the numbers at the side; short ones by default.
 */

/** @param {Columns} of */
export function columns(of) {
  const { title, labels, series, format } = of;
  const reading = h('p', { class: 'reading', role: 'status' });
  const say = (/** @type {number} */ i) => {
    const parts = series.filter(({ values }) => values[i]).map(({ name, values }) => `${name} ${format(values[i] ?? 0)}`);
    reading.textContent = `${labels[i]}: ${parts.join(', ') || format(0)}`;
  };
  let at = labels.length;
  const read = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    at = Math.min(Math.max(at + step, 0), labels.length - 1);
    say(at);
  };
  const label = `${title}. The arrow keys read the values.`;
  const picture = svg('svg', { height: HEIGHT, role: 'img', tabindex: 0, 'aria-label': label, onkeydown: read });
  // Its letters have the size of other letters, however wide it is.
  new ResizeObserver(
    ([entry]) => entry && entry.contentRect.width > 0 && draw(picture, of, entry.contentRect.width, say),
  ).observe(picture);
  const names = series.map(({ name }, i) => h('span', {}, h('i', { class: `series-${i % 6}` }), name));
  const legend = h('figcaption', { class: 'legend' }, names);
  return h('figure', { class: 'chart' }, legend, picture, reading, asTable(title, labels, series, format));
}

/** @param {SVGElement} picture @param {Columns} of @param {number} width @param {(i: number) => void} say */
function draw(picture, { labels, series, axis = compact }, width, say) {
  const totals = labels.map((_, i) => series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
  const { top, ticks } = scale(Math.max(...totals, 0));
  const [wide, high] = [(width - EDGE.start) / Math.max(labels.length, 1), HEIGHT - EDGE.top - EDGE.bottom];
  const y = (/** @type {number} */ value) => EDGE.top + high * (1 - value / top);
  const lines = ticks.map((tick) => [
    svg('line', { class: 'grid', x1: EDGE.start, x2: width, y1: y(tick), y2: y(tick) }),
    svg('text', { x: EDGE.start - 6, y: y(tick) + 4, 'text-anchor': 'end' }, axis(tick)),
  ]);
  const every = Math.ceil((labels.length * LABEL) / width);
  const names = labels.map((label, i) => {
    const middle = EDGE.start + wide * (i + 0.5);
    return (
      i % every === 0 &&
      middle + LABEL / 2 < width + 8 &&
      svg('text', { x: middle, y: HEIGHT - 4, 'text-anchor': 'middle' }, label)
    );
  });
  const drawn = labels.map((_, i) => {
    let sum = 0;
    const parts = series.map(({ values }, kind) => {
      const value = values[i] ?? 0;
      sum += value;
      const size = {
        x: EDGE.start + wide * (i + 0.12),
        width: wide * 0.76,
        y: y(sum),
        height: Math.max(y(sum - value) - y(sum), 0.5),
      };
      return value > 0 && svg('rect', { class: `bar series-${kind % 6}`, rx: Math.min(1.5, wide / 5), ...size });
    });
    const area = svg('rect', { x: EDGE.start + wide * i, y: EDGE.top, width: wide, height: high, fill: 'transparent' });
    return svg('g', { onmouseenter: () => say(i) }, area, parts);
  });
  fill(picture, lines, names, drawn);
}

/** @param {string} title @param {string[]} labels @param {Series[]} series @param {(value: number) => string} format */
function asTable(title, labels, series, format) {
  const place = h('div', {});
  const show = button(
    'As a table',
    () => {
      fill(
        place,
        place.firstChild
          ? null
          : table(
              title,
              [
                { title: 'Time', cell: (i) => labels[i] },
                ...series.map(({ name, values }) => ({
                  title: name,
                  kind: 'number',
                  cell: (/** @type {number} */ i) => format(values[i] ?? 0),
                })),
              ],
              labels.map((_, i) => i),
            ),
      );
      show.setAttribute('aria-expanded', String(place.firstChild !== null));
    },
    { kind: 'small' },
  );
  show.setAttribute('aria-expanded', 'false');
  return h('div', {}, show, place);
}

/** How much of the greatest value a value is, as a bar. @param {number} value @param {number} greatest */
export function bar(value, greatest) {
  const element = h('span', { class: 'meter wide', 'aria-hidden': 'true' }, h('i'));
  element.style.setProperty('--share', `${greatest > 0 ? (value / greatest) * 100 : 0}%`);
  return element;
}

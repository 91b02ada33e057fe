// Forms. The rules for fields are those of the API: it says what is wrong with each, and that is shown beside it.

import { ApiError } from './api.js';
import { code, data, fill, h, icon } from './dom.js';
import { button, dialog, failure, say } from './parts.js';
import { minorDigits } from './time.js';

/**
 * @typedef {object} Field
 * @property {string} at Where it is in the body, as the API names it in its errors: `/price/amount`.
 * @property {string} label
 * @property {string} [type] Of the input, `text` by default; also `textarea` and `json`.
 * @property {unknown} [value]
 * @property {string} [hint]
 * @property {boolean} [optional] It is left out when it is empty.
 * @property {string[]} [choices]
 * @property {boolean} [fixed]
 * @property {boolean} [half] It shares its line with the next one.
 * @property {(text: string) => unknown} [read] The value of a text.
 */

/** @param {string} text @returns {unknown} */
const asItIs = (text) => text;

/** An integer, or the text, which the API then refuses. @param {string} text */
export function integer(text) {
  const value = Number(text);
  return text.trim() !== '' && Number.isSafeInteger(value) ? value : text;
}

/** A price of the major unit in the minor one, such as `9.5` EUR in 950. @param {string} text @param {string} currency */
export function minor(text, currency) {
  const value = Number(text.trim().replace(',', '.')) * 10 ** (minorDigits(currency) ?? 0);
  return text.trim() !== '' && Math.abs(value - Math.round(value)) < 1e-6 ? Math.round(value) : text;
}

/** @param {string} text */
export function jsonValue(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

let fields = 0;

/** One field, with the place for what is wrong with it. @param {Field} field */
export function input({ at, label, type = 'text', value = '', hint, choices, fixed, optional, half }) {
  const id = `field-${(fields += 1)}`;
  const props = { id, name: at, 'aria-describedby': `${id}-hint ${id}-problem`, autocomplete: 'off', disabled: fixed };
  const text = type === 'json' && value !== '' ? JSON.stringify(value, null, 2) : String(value ?? '');
  const control =
    type === 'textarea' || type === 'json'
      ? h('textarea', {
          ...props,
          rows: type === 'json' ? 4 : 2,
          value: text,
          class: type === 'json' ? 'mono' : null,
          spellcheck: type === 'json' ? 'false' : null,
        })
      : h('input', {
          ...props,
          type,
          value: text,
          step: type === 'datetime-local' ? 1 : type === 'number' ? 'any' : null,
          list: choices ? `${id}-list` : null,
          inputmode: type === 'number' ? 'decimal' : null,
        });
  return h(
    'div',
    { class: half ? 'field half' : 'field', 'data-at': at },
    h('label', { for: id }, label, optional ? h('span', { class: 'quiet' }, ' optional') : null),
    control,
    choices &&
      h(
        'datalist',
        { id: `${id}-list` },
        choices.map((choice) => h('option', { value: choice })),
      ),
    h('p', { class: 'hint', id: `${id}-hint` }, hint),
    h('p', { class: 'problem', id: `${id}-problem` }),
  );
}

/** Puts a value where a JSON pointer says. @param {Record<string, any>} body @param {string} at @param {unknown} value */
function put(body, at, value) {
  const parts = at.split('/').slice(1);
  const last = parts.pop() ?? '';
  let place = body;
  for (const part of parts) place = place[part] ??= {};
  place[last] = value;
}

/** The body that the fields have. @param {HTMLFormElement} form @param {Field[]} described */
export function read(form, described) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const { at, optional, fixed, read: value = asItIs } of described) {
    const control = /** @type {HTMLInputElement | null} */ (form.elements.namedItem(at));
    if (fixed || !control || (optional && control.value.trim() === '')) continue;
    put(body, at, value(control.value));
  }
  return body;
}

/** Shows what the API says of each field, and the rest above the form. @param {HTMLFormElement} form @param {unknown} error */
export function refuse(form, error) {
  for (const field of form.querySelectorAll('.field')) {
    field.classList.remove('wrong');
    field.querySelector('.problem')?.replaceChildren();
    field.querySelector('input, textarea, select')?.removeAttribute('aria-invalid');
  }
  const summary = /** @type {HTMLElement} */ (form.querySelector('.summary'));
  fill(summary);
  if (!error) return;
  if (!(error instanceof ApiError) || error.errors.length === 0) return fill(summary, failure(error));
  const elsewhere = error.errors.filter((problem) => !showBeside(form, problem));
  const first = form.querySelector('.field.wrong');
  /** @type {HTMLElement | null | undefined} */ (first?.querySelector('input, textarea, select'))?.focus();
  fill(
    summary,
    h(
      'div',
      { class: 'state bad compact', role: 'alert' },
      icon('warn'),
      h('p', { class: 'told' }, error.message),
      elsewhere.length > 0 &&
        h(
          'ul',
          {},
          elsewhere.map(({ field, detail }) => h('li', {}, code(field), ' ', data(detail))),
        ),
    ),
  );
}

/** @param {HTMLFormElement} form @param {import('./api.js').FieldError} problem */
function showBeside(form, problem) {
  const places = [...form.querySelectorAll('.field')].filter((field) => {
    const at = field.getAttribute('data-at') ?? '';
    return problem.field === at || problem.field.startsWith(`${at}/`) || at.startsWith(`${problem.field}/`);
  });
  const place = places.find((field) => field.getAttribute('data-at') === problem.field) ?? places[0];
  if (!place) return false;
  place.classList.add('wrong');
  place.querySelector('.problem')?.append(icon('warn'), ' ', data(problem.detail));
  place.querySelector('input, textarea, select')?.setAttribute('aria-invalid', 'true');
  return true;
}

/**
 * A dialog with a form. It stays open until the API has taken what is in it.
 * @param {object} of
 * @param {string} of.title
 * @param {Field[]} of.fields
 * @param {string} of.submit
 * @param {(body: Record<string, any>, key: string) => Promise<string | void>} of.send Gets the body, and an Idempotency-Key that is the same for each try; answers what to say.
 * @param {(form: HTMLFormElement) => import('./dom.js').Child} [of.extra] Beside the fields.
 * @param {() => Record<string, any>} [of.compose] The body, where fields do not tell it.
 * @param {(error: unknown, close: () => void) => import('./dom.js').Child} [of.conflict] What to show of a conflict.
 */
export function formDialog({ title, fields: described, submit, send, extra, compose, conflict }) {
  let key = crypto.randomUUID();
  let sent = '';
  return dialog(title, (close) => {
    const form = h(
      'form',
      {
        novalidate: true,
        onsubmit: async (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          const body = compose?.() ?? read(form, described);
          // Another body is another thing.
          if (sent && sent !== JSON.stringify(body)) key = crypto.randomUUID();
          sent = JSON.stringify(body);
          form.classList.add('busy');
          try {
            const said = await send(body, key);
            close();
            if (said) say(said);
          } catch (error) {
            const shown = conflict?.(error, close);
            refuse(form, shown ? null : error);
            if (shown) fill(/** @type {HTMLElement} */ (form.querySelector('.summary')), shown);
          }
          form.classList.remove('busy');
        },
      },
      h('div', { class: 'summary' }),
    );
    form.append(...described.map(input));
    const more = extra?.(form);
    if (more) form.append(h('div', {}, more));
    form.append(
      h('p', { class: 'actions' }, h('button', { type: 'submit', class: 'button primary' }, submit), button('Cancel', close)),
    );
    return [form];
  });
}

// The client of the HTTP API, and of the control of the local stack. Errors are those of RFC 9457.

/** @typedef {import('../../../../contracts/typescript/api.ts').components['schemas']} Schemas */
/** @typedef {Schemas['Product']} Product */
/** @typedef {Schemas['Ingredient']} Ingredient */
/** @typedef {Schemas['Order']} Order */
/** @typedef {Schemas['Timer']} Timer */
/** @typedef {Schemas['Event']} UserEvent */
/** @typedef {Schemas['DeadLetter']} DeadLetter */
/** @typedef {Schemas['LogEntry']} LogEntry */
/** @typedef {Schemas['FieldError']} FieldError */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Query */
/**
 * @typedef {object} Options
 * @property {Query} [query]
 * @property {unknown} [body]
 * @property {string | null} [ifMatch] ETag of what is changed.
 * @property {string} [key] Idempotency-Key: the same for each try of the same thing.
 * @property {AbortSignal} [signal]
 * @property {number} [patience] How long an answer may take, in milliseconds.
 */
/**
 * @template T
 * @typedef {{items: T[], nextCursor: string | null}} Page
 */

/** Where the API is: the directory of this page. */
export const BASE = new URL('.', document.baseURI);

/** An API Gateway ends a request after 30 s. */
const PATIENCE_MS = 31_000;
const KEPT_AS = 'millrace-credential';

/** What was refused, or did not come. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 if there was no answer.
   * @param {Record<string, unknown>} problem
   * @param {string | null} [retryAfter]
   */
  constructor(status, problem, retryAfter = null) {
    super(String(problem['detail'] ?? problem['message'] ?? problem['error'] ?? `the answer was ${status}`));
    this.status = status;
    this.code = String(problem['code'] ?? (status === 0 ? 'no_answer' : `http_${status}`));
    this.problem = problem;
    /** @type {FieldError[]} */
    this.errors = Array.isArray(problem['errors']) ? problem['errors'] : [];
    this.retryAfter = retryAfter === null ? null : Number(retryAfter);
  }
}

/** The token or API key that is sent; it is gone when this tab is closed. */
export const credential = {
  get: () => sessionStorage.getItem(KEPT_AS) ?? '',
  /** @param {string} value */
  set(value) {
    if (value) sessionStorage.setItem(KEPT_AS, value);
    else sessionStorage.removeItem(KEPT_AS);
  },
};

/** The scopes of a token, which says them itself; null of a key, which does not, and of none. */
export function scopes() {
  const [, payload] = credential.get().split('.');
  if (!payload) return null;
  try {
    const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof claims.scope === 'string' ? new Set(claims.scope.split(' ')) : null;
  } catch {
    return null;
  }
}

/** Whether a caller may be offered what needs these scopes. @param {...string} needed */
export function may(...needed) {
  const granted = scopes();
  return granted === null || needed.every((scope) => granted.has(scope));
}

/** @param {string} path Without a leading slash. @param {Query} [query] */
export function address(path, query = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '' && value !== false) url.searchParams.set(name, String(value));
  }
  return url;
}

/** The headers that every request has. @returns {Record<string, string>} */
export function authorization() {
  const value = credential.get();
  return value ? { authorization: `Bearer ${value}` } : {};
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<{data: any, etag: string | null, status: number}>}
 */
export async function request(method, path, { query, body, ifMatch, key, signal, patience = PATIENCE_MS } = {}) {
  const headers = authorization();
  if (body !== undefined) headers['content-type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  if (ifMatch) headers['if-match'] = ifMatch;
  if (key) headers['idempotency-key'] = key;
  const late = AbortSignal.timeout(patience);
  /** @type {RequestInit} */
  const init = { method, headers, signal: signal ? AbortSignal.any([signal, late]) : late };
  if (body !== undefined) init.body = JSON.stringify(body);
  const answer = await fetch(address(path, query), init).catch((error) => {
    if (signal?.aborted) throw error;
    const detail = late.aborted
      ? `there was no answer within ${patience / 1000} s`
      : 'the stack does not answer; is it still running?';
    throw new ApiError(0, { detail });
  });
  const text = await answer.text();
  const data = text === '' ? null : parsed(text);
  if (!answer.ok) throw new ApiError(answer.status, isObject(data) ? data : {}, answer.headers.get('retry-after'));
  return { data, etag: answer.headers.get('etag'), status: answer.status };
}

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The body of a GET. @template T @param {string} path @param {Options} [options] @returns {Promise<T>} */
export const get = async (path, options) => (await request('GET', path, options)).data;

/** The body of a GET, or null if there is nothing. @template T @param {string} path @param {Options} [options] @returns {Promise<T | null>} */
export async function find(path, options) {
  try {
    return await get(path, options);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** A part of a path. @param {string} id */
export const segment = (id) => encodeURIComponent(id);

/** All pages of a list, up to a number of items. @template T @param {string} path @param {Options & {most?: number}} [options] */
export async function all(path, { most = 500, query, ...options } = {}) {
  /** @type {T[]} */
  const items = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    /** @type {Page<T>} */
    const page = await get(path, { ...options, query: { ...query, limit: 100, cursor } });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor && items.length < most);
  return { items, more: cursor !== null };
}

/** @type {Promise<boolean> | undefined} */
let local;

/** Whether this is the local stack, which can be controlled. */
export function isLocal() {
  local ??= get('_local/health', { patience: 5000 }).then(
    () => true,
    () => false,
  );
  return local;
}

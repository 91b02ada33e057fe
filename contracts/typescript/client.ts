// A client of the HTTP API with the types of its contract. It needs `openapi-fetch`, and the two files of types beside it.

import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './api.js';
import type { MillraceEvent } from './events.js';

/** What the API takes and answers, by name: `Schemas['Order']`. */
export type Schemas = components['schemas'];

export interface Options {
  /** Where the API is: `http://localhost:3000`, or a stack's output `ApiUrl`. */
  baseUrl: string;
  /** An access token or an API key, or what gives one before each request. A stack that is open needs none. */
  token?: string | (() => string | Promise<string>) | undefined;
}

/** A client: `GET`, `POST` and so on, each with a path of the contract. */
export function millrace({ baseUrl, token }: Options): Client<paths> {
  const api = createClient<paths>({ baseUrl });
  api.use({
    async onRequest({ request }) {
      const credential = typeof token === 'function' ? await token() : token;
      if (credential) request.headers.set('Authorization', `Bearer ${credential}`);
    },
  });
  return api;
}

/**
 * The header that makes a `POST` once, however often it is sent within 24 h. Keep the key where a request has to be sent
 * again after a crash; without one each call is a request of its own.
 */
export function once(key: string = crypto.randomUUID()): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': key };
}

/** What was answered. Throws an `ApiError` where that is no success. */
export function ok<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (!answer.response.ok) throw new ApiError(answer.response, answer.error);
  return answer.data as T;
}

/** An error of the API (RFC 9457), or of API Gateway, which has no code. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** What went wrong; it does not change. */
  readonly code: string | undefined;
  /** Every bad field, where fields are bad. */
  readonly errors: Schemas['FieldError'][];
  /** Seconds until it is worth another try, where it is. */
  readonly retryAfter: number | undefined;

  constructor(response: Response, body: unknown) {
    const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<
      Schemas['Problem'] & Schemas['GatewayMessage']
    >;
    const code = problem.code;
    super(`${response.status} ${code ?? response.statusText}: ${problem.detail ?? problem.message ?? 'no detail'}`);
    this.status = response.status;
    this.code = code;
    this.errors = problem.errors ?? [];
    const seconds = response.headers.get('Retry-After');
    this.retryAfter = seconds === null ? undefined : Number(seconds);
  }
}

/** The event of an entry of the log, as it was on its topic; its `type` tells what `data` is. */
export function eventOf(entry: Schemas['LogEntry']): MillraceEvent {
  const { eventId, source, type, time, attributes, data } = entry;
  return { ...attributes, id: eventId, source, type, time, data } as MillraceEvent;
}

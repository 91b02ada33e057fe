// Login at the stack's issuer: OAuth 2.0 authorization code with PKCE (RFC 7636), in a window of its own. The token, the
// verifier and the state are in the memory of the page that asks, and nowhere else: not in an address, not in a store.

/** How long a person may take, in ms. */
const PATIENCE = 5 * 60_000;

/** Where the window reports to. Every page of the stack hears it, and knows by the state whether it is meant. */
const CHANNEL = "millrace-login";

/**
 * Whether callers have to be known, and where they log in.
 * @returns {Promise<{auth: "on"|"off", issuer?: string, clientId?: string, audience?: string, scopes?: string}>}
 */
export async function settings() {
  const answer = await fetch(new URL("login.json", import.meta.url));
  if (!answer.ok) throw new Error(`login.json: ${answer.status}`);
  return answer.json();
}

/**
 * Asks the issuer for an access token of the person in front of the browser. To be called while a click is handled, because
 * browsers block windows that come from nowhere.
 * @param {{issuer: string, clientId: string, audience?: string}} login
 * @param {string} scopes with spaces between
 * @param {AbortSignal} [signal] gives up
 * @returns {Promise<{token: string, expiresIn?: number}>}
 */
export async function logIn(login, scopes, signal) {
  const opened = window.open("about:blank", "millrace-login", "popup,width=480,height=640");
  if (!opened) throw new Error("the browser has blocked the login window");
  try {
    const server = await discover(login.issuer);
    const [state, verifier] = [random(), random()];
    const redirect = new URL("callback", import.meta.url).href;
    const at = new URL(server.authorization_endpoint);
    const asked = {
      response_type: "code",
      client_id: login.clientId,
      redirect_uri: redirect,
      scope: scopes,
      state,
      code_challenge: await challenge(verifier),
      code_challenge_method: "S256",
      // Auth0 and others make a token that can be verified only if they are told for whom; an issuer ignores what it does not
      // know (RFC 6749, 3.1).
      ...(login.audience ? { audience: login.audience } : {}),
    };
    for (const [name, value] of Object.entries(asked)) at.searchParams.set(name, value);
    const answered = answer(state, signal);
    opened.location.replace(at.href);
    const code = readCode(await answered, server);
    return await exchange(server, { code, redirect_uri: redirect, client_id: login.clientId, code_verifier: verifier });
  } finally {
    opened.close();
  }
}

/** The issuer's own description (OpenID Connect Discovery 1.0), which has to be about this issuer. */
async function discover(issuer) {
  const answer = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (!answer.ok) throw new Error(`the issuer does not describe itself: ${answer.status}`);
  const server = await answer.json();
  if (server.issuer !== issuer) throw new Error("the issuer describes another one");
  for (const name of ["authorization_endpoint", "token_endpoint"]) {
    const { protocol, hostname } = new URL(server[name]);
    if (protocol !== "https:" && !["localhost", "127.0.0.1"].includes(hostname)) throw new Error(`${name} is not https`);
  }
  return server;
}

/** What the issuer has sent the window back with; every other answer is none. */
function answer(state, signal) {
  return new Promise((resolve, reject) => {
    const channel = new BroadcastChannel(CHANNEL);
    const end = (settle, value) => {
      clearTimeout(timer);
      channel.close();
      settle(value);
    };
    const timer = setTimeout(() => end(reject, new Error("nobody has logged in")), PATIENCE);
    signal?.addEventListener("abort", () => end(reject, new Error("given up")));
    channel.addEventListener("message", ({ data }) => {
      const found = new URLSearchParams(String(data));
      if (found.get("state") === state) end(resolve, found);
    });
  });
}

/** The code, or the issuer's refusal. Its name has to be that of the issuer that was asked (RFC 9207). */
function readCode(found, server) {
  const from = found.get("iss");
  if (from === null ? server.authorization_response_iss_parameter_supported : from !== server.issuer) {
    throw new Error("the answer is not from the issuer that was asked");
  }
  const code = found.get("code");
  if (!code) throw new Error(found.get("error_description") ?? found.get("error") ?? "the issuer has sent no code");
  return code;
}

async function exchange(server, form) {
  const body = new URLSearchParams({ grant_type: "authorization_code", ...form });
  const answer = await fetch(server.token_endpoint, { method: "POST", body, credentials: "omit" });
  const given = await answer.json().catch(() => ({}));
  if (!answer.ok || typeof given.access_token !== "string" || given.token_type?.toLowerCase() !== "bearer") {
    throw new Error(given.error_description ?? given.error ?? `the issuer has given no token: ${answer.status}`);
  }
  return { token: given.access_token, expiresIn: given.expires_in };
}

/** 256 random bits. */
function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function challenge(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

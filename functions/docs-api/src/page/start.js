import { logIn, settings } from "./login.js";

/** The scheme of the contract by which callers are known. */
const SCHEME = "bearer";

// What is tried out on this page goes to the stack that serves it; its policy lets nothing go elsewhere.
const [answer, login] = await Promise.all([fetch("openapi.json"), settings()]);
const spec = await answer.json();
const url = new URL(".", document.baseURI).href.replace(/\/$/, "");
spec.servers = [{ url, description: "The stack that serves this page" }];
const ui = SwaggerUIBundle({ spec, dom_id: "#api", deepLinking: true });

/** Every scope that an operation of the contract needs. */
function scopes() {
  const operations = Object.values(spec.paths).flatMap((path) => Object.values(path));
  const needed = operations.flatMap(({ security = [] }) => security.flatMap((needs) => needs[SCHEME] ?? []));
  return [...new Set(needed)].sort().join(" ");
}

const [bar, said, enter, leave] = ["login", "login-said", "log-in", "log-out"].map((id) => document.getElementById(id));
const hint = "Calls need a token or an API key, which Authorize takes.";

function say(text, loggedIn) {
  said.textContent = text;
  enter.hidden = loggedIn || !login.clientId;
  leave.hidden = !loggedIn;
}

let pending;
enter.addEventListener("click", async () => {
  pending?.abort();
  pending = new AbortController();
  const { signal } = pending;
  say("The login is in a window of its own.", false);
  try {
    const { token } = await logIn(login, login.scopes ?? scopes(), signal);
    ui.preauthorizeApiKey(SCHEME, token);
    say("Logged in. Calls carry your token until this page is left.", true);
  } catch (error) {
    if (!signal.aborted) say(`Not logged in: ${error.message}.`, false);
  }
});
leave.addEventListener("click", () => {
  ui.authActions.logout([SCHEME]);
  say(hint, false);
});
bar.hidden = login.auth === "off";
say(hint, false);

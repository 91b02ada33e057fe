// Where the issuer leads back to: hands the answer to the page that asked, and takes it out of the address.
const answer = location.search;
history.replaceState(null, "", location.pathname);
new BroadcastChannel("millrace-login").postMessage(answer);

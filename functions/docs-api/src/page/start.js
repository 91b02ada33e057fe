// What is tried out on this page goes to the stack that serves it; its policy lets nothing go elsewhere.
const answer = await fetch("openapi.json");
const spec = await answer.json();
const url = new URL(".", document.baseURI).href.replace(/\/$/, "");
spec.servers = [{ url, description: "The stack that serves this page" }];
SwaggerUIBundle({ spec, dom_id: "#api", deepLinking: true });

//! Changes of the contract that break somebody.

use serde_json::json;

use super::planted::{
    LIST, MAKE, NEW_ORDER, ORDER, PAGE, PATCH, PRODUCT, Plant, READ, WEBHOOK, at, of, push, remove, set, without,
};

pub const BREAKING: &[Plant] = &[
    ("a path is gone", "/health/ready", |it| remove(it, "/paths", "/health/ready")),
    ("a method is gone", "DELETE /products/{id}", |it| remove(it, "/paths/~1products~1{id}", "delete")),
    ("another operationId", "GET /products", |it| set(it, LIST, "operationId", json!("productsList"))),
    ("a parameter is gone", "GET /products query lowStock", |it| {
        at(it, &of(LIST, "/parameters")).as_array_mut().unwrap().remove(0);
    }),
    ("a parameter is somewhere else", "GET /products query lowStock", |it| {
        set(it, &of(LIST, "/parameters/0"), "in", json!("header"));
    }),
    ("a new required parameter", "GET /products query shop", |it| {
        push(it, &of(LIST, "/parameters"), json!({"name": "shop", "in": "query", "required": true}));
    }),
    ("a parameter is required", "POST /orders header idempotency-key", |it| {
        set(it, "/components/parameters/IdempotencyKey", "required", json!(true));
    }),
    ("another default", "GET /products query limit", |it| {
        set(it, "/components/parameters/Limit/schema", "default", json!(20));
    }),
    ("a parameter's limit is lower", "GET /products query limit", |it| {
        set(it, "/components/parameters/Limit/schema", "maximum", json!(50));
    }),
    ("a parameter has a pattern", "GET /events/{id} query source", |it| {
        set(it, "/components/parameters/Source/schema", "pattern", json!("^urn:"));
    }),
    ("a parameter has a format", "GET /events/{id} query source", |it| {
        set(it, "/components/parameters/Source/schema", "format", json!("uri"));
    }),
    ("another pattern", "query cursor", |it| {
        set(it, "/components/parameters/Cursor/schema", "pattern", json!("^[a-z]+$"));
    }),
    ("a parameter has fewer values", "GET /timers query status", |it| {
        without(it, "/components/schemas/TimerStatus/enum", "failed");
    }),
    ("a request may not have a field", "POST /products body application/json recipe", |it| {
        remove(it, "/components/schemas/NewProduct/properties", "recipe");
    }),
    ("a request needs another field", "POST /orders body application/json shop", |it| {
        set(it, &of(NEW_ORDER, "/properties"), "shop", json!({"type": "string"}));
        push(it, &of(NEW_ORDER, "/required"), json!("shop"));
    }),
    ("a request needs a field that could be left out", "POST /products body application/json recipe", |it| {
        push(it, "/components/schemas/NewProduct/required", json!("recipe"));
    }),
    ("a field of an open request is not heeded any more", "POST /events body application/json payload.seq", |it| {
        remove(it, "/components/schemas/ActivityPayload/properties", "seq");
    }),
    ("a request with what was passed over is refused", "POST /events body application/json payload", |it| {
        set(it, "/components/schemas/ActivityPayload", "additionalProperties", json!(false));
    }),
    ("a body that has to be there", "POST /orders/seed body", |it| {
        let body = json!({"required": true, "content": {"application/json": {}}});
        set(it, "/paths/~1orders~1seed/post", "requestBody", body);
    }),
    ("no body any more", "POST /orders body", |it| remove(it, MAKE, "requestBody")),
    ("a request has to be smaller", "POST /orders body application/json lines", |it| {
        set(it, &of(NEW_ORDER, "/properties/lines"), "maxItems", json!(20));
    }),
    ("a limit differs in its last digit", "POST /events body application/json payload.seq", |it| {
        let seq = "/components/schemas/ActivityPayload/properties/seq";
        set(it, seq, "maximum", json!(9_223_372_036_854_775_806_i64));
    }),
    ("a request may not have null", "PATCH /products/{id} body application/json description", |it| {
        set(it, "/components/schemas/ProductPatch/properties", "description", json!({"type": "string"}));
    }),
    ("more ids are reserved", "POST /events body application/json eventId", |it| {
        push(it, "/components/schemas/EventId/not/enum", json!("all"));
    }),
    ("another condition", "POST /timers body application/json", |it| {
        set(it, "/components/schemas/NewTimer", "if", json!({"required": ["fireAt", "url"]}));
    }),
    ("a condition", "POST /orders body application/json", |it| {
        set(it, NEW_ORDER, "anyOf", json!([{"required": ["note"]}, {"required": ["shop"]}]));
    }),
    ("an alternative less", "POST /events/generate body application/json", |it| {
        at(it, "/components/schemas/GeneratedEvent/anyOf").as_array_mut().unwrap().remove(1);
    }),
    ("a media type is not taken any more", "PATCH /products/{id} body application/json", |it| {
        remove(it, &of(PATCH, "/requestBody/content"), "application/json");
    }),
    ("another scope is needed too", "GET /products", |it| {
        set(it, LIST, "security", json!([{"bearer": ["products:read", "log:read"]}]));
    }),
    ("another scope is needed instead", "GET /products", |it| {
        set(it, LIST, "security", json!([{"bearer": ["log:read"]}]));
    }),
    ("a scope where none was needed", "GET /health", |it| {
        set(it, "/paths/~1health/get", "security", json!([{"bearer": []}]));
    }),
    ("another way to say who calls instead", "GET /products", |it| {
        set(it, LIST, "security", json!([{"webhookSignature": []}]));
    }),
    ("a scheme is another", "securitySchemes bearer", |it| {
        set(it, "/components/securitySchemes/bearer", "scheme", json!("basic"));
    }),
    ("a success that does not come any more", "PUT /ingredients/{id} 201", |it| {
        remove(it, "/paths/~1ingredients~1{id}/put/responses", "201");
    }),
    ("another success", "POST /orders 202", |it| {
        set(it, &of(MAKE, "/responses"), "202", json!({"description": "Later."}));
    }),
    ("a redirect", "GET /products/{id} 308", |it| {
        set(it, &of(READ, "/responses"), "308", json!({"description": "Elsewhere."}));
    }),
    ("an answer without its body", "GET /products/{id} 200 application/json", |it| {
        remove(it, &of(READ, "/responses/200"), "content");
    }),
    ("an answer of another media type too", "GET /products/{id} 200 application/hal+json", |it| {
        set(it, &of(READ, "/responses/200/content"), "application/hal+json", json!({}));
    }),
    ("an error that is no problem any more", "404 application/problem+json", |it| {
        let content = json!({"content": {"text/html": {}}, "description": "another"});
        set(it, "/components/responses", "NotFound", content);
    }),
    ("an answer lacks a field", "GET /products/{id} 200 application/json description", |it| {
        remove(it, &of(PRODUCT, "/properties"), "description");
    }),
    ("an answer's field is called otherwise", "GET /products/{id} 200 application/json stock", |it| {
        let stock = at(it, &of(PRODUCT, "/properties/stock")).clone();
        remove(it, &of(PRODUCT, "/properties"), "stock");
        set(it, &of(PRODUCT, "/properties"), "pieces", stock);
        without(it, &of(PRODUCT, "/required"), "stock");
        push(it, &of(PRODUCT, "/required"), json!("pieces"));
    }),
    ("an answer may lack a field", "GET /products/{id} 200 application/json stock", |it| {
        without(it, &of(PRODUCT, "/required"), "stock");
    }),
    ("an answer has another value", "GET /orders/{id} 200 application/json status", |it| {
        push(it, &of(ORDER, "/properties/status/enum"), json!("shipped"));
    }),
    ("an answer may have other values later", "GET /orders/{id} 200 application/json status", |it| {
        set(it, &of(ORDER, "/properties/status"), "x-may-grow", json!(true));
    }),
    ("an answer has any value", "GET /orders/{id} 200 application/json status", |it| {
        remove(it, &of(ORDER, "/properties/status"), "enum");
    }),
    ("an answer may be null", "GET /orders/{id} 200 application/json reason", |it| {
        set(it, &of(ORDER, "/properties/reason"), "type", json!(["string", "null"]));
    }),
    ("an answer is larger", "GET /products 200 application/json items", |it| {
        set(it, &of(PAGE, "/properties/items"), "maxItems", json!(200));
    }),
    ("an answer has no format any more", "GET /orders/{id} 200 application/json createdAt", |it| {
        remove(it, &of(ORDER, "/properties/createdAt"), "format");
    }),
    ("an answer is of another type", "GET /orders/{id} 200 application/json version", |it| {
        set(it, &of(ORDER, "/properties/version"), "type", json!("string"));
    }),
    ("an integer of an answer is any number", "GET /products/{id} 200 application/json stock", |it| {
        set(it, &of(PRODUCT, "/properties/stock"), "type", json!("number"));
    }),
    ("a closed object of an answer has another field", "GET /products/{id} 200 application/json price.tax", |it| {
        set(it, "/components/schemas/Price/properties", "tax", json!({"type": "integer"}));
    }),
    ("a problem lacks its detail", "404 application/problem+json detail", |it| {
        without(it, "/components/schemas/Problem/required", "detail");
    }),
    ("a header is gone", "GET /products/{id} 200 header etag", |it| remove(it, &of(READ, "/responses/200"), "headers")),
    ("a header may be missing", "200 header etag", |it| set(it, "/components/headers/ETag", "required", json!(false))),
    ("a header is written otherwise", "200 header etag", |it| {
        set(it, "/components/headers/ETag/schema", "pattern", json!("^W/"));
    }),
    ("an error of every path has no header any more", "every path MethodNotAllowed header allow", |it| {
        remove(it, "/components/responses/MethodNotAllowed", "headers");
    }),
    ("an error of every path is gone", "every path CredentialInUrl", |it| {
        remove(it, "/components/responses", "CredentialInUrl");
    }),
    ("a server is gone", "servers", |it| {
        at(it, "/servers").as_array_mut().unwrap().remove(0);
    }),
    ("a webhook is gone", "timer", |it| remove(it, "/webhooks", "timer")),
    ("a webhook without a header", "POST timer header webhook-id", |it| {
        at(it, &of(WEBHOOK, "/parameters")).as_array_mut().unwrap().remove(0);
    }),
    ("a webhook's header may be missing", "POST timer header webhook-id", |it| {
        set(it, &of(WEBHOOK, "/parameters/0"), "required", json!(false));
    }),
    ("a webhook's header is longer", "POST timer header webhook-timestamp", |it| {
        set(it, &of(WEBHOOK, "/parameters/1/schema"), "pattern", json!("^[0-9]{1,13}$"));
    }),
    ("a webhook of another media type", "POST timer body text/plain", |it| {
        set(it, &of(WEBHOOK, "/requestBody/content"), "text/plain", json!({}));
    }),
    ("a webhook's answer is not understood any more", "POST timer 410", |it| {
        remove(it, &of(WEBHOOK, "/responses"), "410");
    }),
    ("what a webhook's answer says is not heeded any more", "POST timer 429 header retry-after", |it| {
        remove(it, &of(WEBHOOK, "/responses/429"), "headers");
    }),
    ("a keyword of schemas that is not understood", "POST /orders body application/json lines[]", |it| {
        set(it, &of(NEW_ORDER, "/properties/lines/items"), "dependentSchemas", json!({}));
    }),
    ("a keyword of parameters that is not understood", "GET /products query lowStock", |it| {
        set(it, &of(LIST, "/parameters/0"), "style", json!("deepObject"));
    }),
    ("a keyword of operations that is not understood", "GET /products", |it| {
        set(it, LIST, "callbacks", json!({}));
    }),
    ("a keyword of bodies that is not understood", "POST /orders body application/json", |it| {
        set(it, "/components/requestBodies/NewOrder/content/application~1json", "encoding", json!({}));
    }),
    ("a reference that leads nowhere", "GET /products/{id} 200 application/json price", |it| {
        set(it, &of(PRODUCT, "/properties"), "price", json!({"$ref": "#/components/schemas/Prize"}));
    }),
];

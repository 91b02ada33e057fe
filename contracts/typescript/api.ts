// Made by `make contracts` from contracts/openapi.yaml. Do not change it by hand.

export interface paths {
    "/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists products by id
         * @description All products, or those whose stock is below their `lowStockThreshold`.
         */
        get: operations["listProducts"];
        put?: never;
        /**
         * Creates a product
         * @description Under an id of its own, or under the `id` that the body has. Its event is `ProductCreated`.
         */
        post: operations["createProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/products/{id}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The product's `id`. What is none answers 404.
                 * @example burger
                 */
                id: string;
            };
            cookie?: never;
        };
        /** Reads a product */
        get: operations["getProduct"];
        /**
         * Replaces a product
         * @description Its event is `ProductUpdated`. A product that does not exist is not created.
         */
        put: operations["replaceProduct"];
        post?: never;
        /**
         * Deletes a product
         * @description Its event is `ProductDeleted`. A product that is made later under the same id goes on with its versions.
         */
        delete: operations["deleteProduct"];
        options?: never;
        head?: never;
        /**
         * Changes fields of a product
         * @description A JSON merge patch (RFC 7396). Its event is `ProductUpdated`.
         */
        patch: operations["patchProduct"];
        trace?: never;
    };
    "/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists orders, newest first
         * @description A page has fewer than `limit` orders where they would have more than 2 MB.
         */
        get: operations["listOrders"];
        put?: never;
        /**
         * Makes an order
         * @description The order has the prices and recipes of now, and is `pending`; GET shows later what became of it. Its event is
         *     `OrderCreated`. It has at most 90 distinct products and ingredients, because they are written in one transaction.
         */
        post: operations["createOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/order": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an order: POST /orders by another name
         * @description The same operation; an `Idempotency-Key` of one is that of the other.
         */
        post: operations["createOrderAlias"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads an order */
        get: operations["getOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/seed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Loads demo data where they are absent
         * @description Eight ingredients and five products of a burger kitchen. It needs the parameter `AllowSeed`, which is on locally. A body
         *     is passed over.
         */
        post: operations["seed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/order/seed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Loads demo data: POST /orders/seed by another name
         * @description The same operation.
         */
        post: operations["seedAlias"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ingredients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists ingredients by id */
        get: operations["listIngredients"];
        put?: never;
        /**
         * Creates an ingredient
         * @description Under an id of its own, or under the `id` that the body has.
         */
        post: operations["createIngredient"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ingredients/{id}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The ingredient's `id`. What is none answers 404.
                 * @example beef
                 */
                id: components["parameters"]["IngredientId"];
            };
            cookie?: never;
        };
        /** Reads an ingredient */
        get: operations["getIngredient"];
        /**
         * Creates or replaces an ingredient
         * @description `If-None-Match: *` only creates, and `If-Match` only replaces.
         */
        put: operations["replaceIngredient"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ingredients/{id}/restock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds to the stock of an ingredient
         * @description A request that is sent again with its `Idempotency-Key` gets its first answer, whatever its conditions.
         */
        post: operations["restock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accepts an event of a user
         * @description 202 means that Kafka has acknowledged it; `GET /events/{id}` finds it when the processor has seen it. An `eventId` belongs
         *     to its user: an event that is sent again with the same `eventId`, `type` and `payload` is processed once.
         */
        post: operations["sendEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/generate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accepts an event of a user: POST /events with an older name for `type`
         * @description As `POST /events`; `eventType` stands for `type` where there is none.
         */
        post: operations["generateEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accepts up to 500 events
         * @description Each event is accepted or refused by itself, and `results` has what became of each, in the order of `events`. The answer
         *     is 202 if at least one was accepted; otherwise it is that of an event, preferably of one that is worth sending again.
         */
        post: operations["sendEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/processed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists processed events, newest first */
        get: operations["listProcessedEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads what became of an event
         * @description 404 until the processor has seen it. If events of several sources have the id, as two users may, the answer is 409 with
         *     their `sources`, and `source` chooses one.
         */
        get: operations["getEvent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the events of a user by `seq`
         * @description Events without a `seq` come last. The list is read from an index, which may be a moment behind.
         */
        get: operations["listUserEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dlq": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the dead letters of all consumers, newest first */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dlq/{id}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends dead letters to their consumers again
         * @description Every dead letter of an event that was not sent again since it failed, one per consumer. Other consumers pass the event
         *     by. A body is passed over.
         */
        post: operations["redrive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/timers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists timers, newest first
         * @description All timers, or those of a status, page by page; a page follows the one whose `nextCursor` it is asked for with. The
         *     list is read from an index, which may be a moment behind.
         */
        get: operations["listTimers"];
        put?: never;
        /**
         * Makes a timer
         * @description The timer is stored when this is answered, and its webhook is on its way through Kafka. From then on `GET` finds it.
         *     The URL is checked now and again before each request.
         */
        post: operations["createTimer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/timers/{id}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The `timerId`. What is none answers 404.
                 * @example 019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a60
                 */
                id: string;
            };
            cookie?: never;
        };
        /**
         * Reads a timer
         * @description Its status, the seconds until its next attempt, and every attempt so far. A timer is deleted 30 days after it has ended
         *     (parameter `TimerDays`).
         */
        get: operations["getTimer"];
        put?: never;
        post?: never;
        /**
         * Cancels a timer
         * @description Until 0.3 s before an attempt, the first or a later one. After 204 no request is sent for it any more. To cancel
         *     once more changes nothing and answers 204 again.
         */
        delete: operations["cancelTimer"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/event-log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists events by time, or those of an aggregate or a trace
         * @description Without `from` and `to` those of the last 24 h. The log is written once a second. An empty page with a `nextCursor` means
         *     that the range goes on. A page that follows keeps the range of the first one.
         *
         *     With `subject` the events of one order, product, ingredient, timer or user, in the order of their versions; of one
         *     version the change comes before the warning. A user's events are in the order of `seq`, and those without one come last,
         *     by time. The version of a `TimerDue` is its attempt. Aggregates of several kinds that share an id follow one another.
         *     With `trace` the events that a request has caused, by time. Both are read from an index, which may be a moment behind,
         *     and neither goes together with another of them or with `type`, `from` and `to`.
         */
        get: operations["listEventLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists notifications, oldest first
         * @description For clients that poll: ask with the `seq` of the last item that you have, and nothing is missed while it is kept. An item
         *     is there within seconds of its event. `seq` goes on by one from item to item; a gap before the first one of an answer means
         *     that older ones have expired.
         */
        get: operations["listNotifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/analytics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Counts events by time and type
         * @description Of each event once, in the bucket of its own time, however late it comes. `count` says how many events of the type there
         *     were; a bucket without any is left out. Orders also have `value`, the sum of their totals: of what was ordered
         *     (OrderCreated), sold (OrderConfirmed) and refused (OrderRejected). User activity also has `failed` and `late`: how much of
         *     it failed on every attempt or found its buffer full, and how much was processed after its turn. A redrive changes neither.
         *
         *     Counts follow the event log within seconds. An answer has at most 750 buckets. The counters of minutes are kept for 7
         *     days, those of hours for 400, and those of days for good.
         */
        get: operations["listAnalytics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/analytics/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the products that were sold most
         * @description By their pieces in confirmed orders, over whole days in UTC, at most 31 of them; today by default. Of each day the
         *     products that were sold most are looked at, 800 at least and 100 of each of 8 shards. `complete` says whether these were
         *     all; then the list is exact, as that of a single day always is.
         */
        get: operations["listTopProducts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/event-log/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tells an event's life
         * @description What is stored about an event, as stages in order: accepted, in the outbox, published, logged, archived, and what each
         *     consumer has made of it. Dead letters have lives too, by the `eventId` that `GET /dlq` lists. What is not known has the
         *     time null, and `detail.unknown` says why. `related` has up to 20 events of its aggregate before it, 20 behind it, and 20
         *     that the same request has caused.
         *
         *     If events of several sources have the id, the answer is 409 with their `sources`, and `source` chooses one. An event that
         *     is in the outbox alone has no index; it is found with `subject`, the id of its aggregate.
         */
        get: operations["getEventLife"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What waits, and since when
         * @description Counts what waits at this moment, and names the time of the oldest. At most about 1,000 of each are counted; where there
         *     are more, `more` is true. What does not answer within 2 s is null, and the answer is 200 all the same.
         */
        get: operations["getOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The process is alive
         * @description It reads nothing, and tells nothing about the system.
         */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * DynamoDB and Kafka answer
         * @description Each is asked, for at most 2 s.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This contract */
        get: operations["getContract"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/asyncapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The contract of the topics */
        get: operations["getTopics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schemas/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The JSON Schema of an event type */
        get: operations["getSchema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Swagger UI with this contract */
        get: operations["showContract"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of all topics and events */
        get: operations["showEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where the issuer leads back to
         * @description The redirect URI of the client that the pages log in as. Its `code` is for the page that asked, in the same browser,
         *     which alone has the verifier (RFC 7636).
         */
        get: operations["endLogin"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A file that the pages load
         * @description `login.json` says whether callers have to be known, and where the pages log in.
         */
        get: operations["getPageFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/console": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The console, a web page over this API */
        get: operations["showConsole"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/console/{version}/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A file that the console loads
         * @description Compressed with gzip for clients that take it. It never changes, because another one has another `version`.
         */
        get: operations["getConsoleFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    timer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What the URL of a timer receives
         * @description One HTTP/1.1 request per attempt, as the [Standard Webhooks](https://www.standardwebhooks.com) specification 1.0.0 has
         *     it, not before the timer's time. **Verify** the signature over the bytes of the body, refuse a `webhook-timestamp` that
         *     is more than five minutes away, and pass over a `webhook-id` that was seen before: a webhook comes again after a
         *     failure, and, where a crash fell between the request and the note of its answer, after a success too.
         *
         *     Answer within 15 s. Only the head of an answer is read, 16 KB at most, and of it only the status and `Retry-After`
         *     count. Everything but 2xx is a failure, and so is no answer. A timer is tried ten times in all, at 0 s, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h,
         *     20 h and 24 h, each wait up to a tenth longer; then it has `failed` and is among the dead letters, from where it can be
         *     sent again.
         *
         *     A deployed stack calls by https, port 443 (parameter `WebhookPorts`), and only addresses that are public.
         */
        post: operations["receiveTimer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        /**
         * @description A product as a client writes it. `version`, `createdAt` and `updatedAt` are passed over, so that a product that was read
         *     can be sent back.
         * @example {
         *       "id": "burger",
         *       "name": "Burger",
         *       "price": {
         *         "amount": 950,
         *         "currency": "EUR"
         *       },
         *       "stock": 20,
         *       "lowStockThreshold": 3,
         *       "recipe": [
         *         {
         *           "ingredientId": "beef",
         *           "quantity": 150,
         *           "unit": "g"
         *         }
         *       ]
         *     }
         */
        NewProduct: {
            id?: components["schemas"]["Id"];
            name: components["schemas"]["Name"];
            description?: components["schemas"]["Description"];
            price: components["schemas"]["Price"];
            stock: components["schemas"]["Amount"];
            lowStockThreshold?: components["schemas"]["Amount"];
            recipe?: components["schemas"]["Recipe"];
            version?: components["schemas"]["PassedOver"];
            createdAt?: components["schemas"]["PassedOver"];
            updatedAt?: components["schemas"]["PassedOver"];
        };
        /**
         * @description All of a product. What it does not have, the product loses. `id` and what the server sets are passed over.
         * @example {
         *       "name": "Burger",
         *       "price": {
         *         "amount": 990,
         *         "currency": "EUR"
         *       },
         *       "stock": 20
         *     }
         */
        ReplacedProduct: {
            name: components["schemas"]["Name"];
            description?: components["schemas"]["Description"];
            price: components["schemas"]["Price"];
            stock: components["schemas"]["Amount"];
            lowStockThreshold?: components["schemas"]["Amount"];
            recipe?: components["schemas"]["Recipe"];
            id?: components["schemas"]["PassedOver"];
            version?: components["schemas"]["PassedOver"];
            createdAt?: components["schemas"]["PassedOver"];
            updatedAt?: components["schemas"]["PassedOver"];
        };
        /**
         * @description The fields to change; null takes a field away. What comes of it has to be a product. `id` and what the server sets are
         *     passed over. The product's own currency may stay, also where it is not in use any more.
         * @example {
         *       "stock": 40,
         *       "price": {
         *         "amount": 990
         *       },
         *       "lowStockThreshold": null
         *     }
         */
        ProductPatch: {
            name?: components["schemas"]["Name"];
            description?: components["schemas"]["Description"] | null;
            price?: {
                amount?: components["schemas"]["Amount"];
                currency?: components["schemas"]["Currency"];
            };
            stock?: components["schemas"]["Amount"];
            lowStockThreshold?: components["schemas"]["Amount"] | null;
            recipe?: components["schemas"]["Recipe"] | null;
            id?: components["schemas"]["PassedOver"];
            version?: components["schemas"]["PassedOver"];
            createdAt?: components["schemas"]["PassedOver"];
            updatedAt?: components["schemas"]["PassedOver"];
        };
        /**
         * @description Why a field of a product is not valid. `invalid_json` names the body. `duplicate`: an ingredient is in the recipe twice.
         *     `currency_not_in_use`: it was withdrawn, or one cannot pay in it.
         * @enum {string}
         */
        ProductError: "blank" | "control_character" | "currency_not_in_use" | "duplicate" | "invalid_id" | "invalid_json" | "not_a_string" | "not_an_array" | "not_an_integer" | "not_an_object" | "out_of_range" | "required" | "too_long" | "too_many" | "too_short" | "unknown_currency" | "unknown_field";
        /**
         * @description A product.
         * @example {
         *       "id": "burger",
         *       "name": "Burger",
         *       "price": {
         *         "amount": 950,
         *         "currency": "EUR"
         *       },
         *       "stock": 20,
         *       "lowStockThreshold": 3,
         *       "recipe": [
         *         {
         *           "ingredientId": "beef",
         *           "quantity": 150,
         *           "unit": "g"
         *         }
         *       ],
         *       "version": 1,
         *       "createdAt": "2026-11-21T06:00:00.123Z",
         *       "updatedAt": "2026-11-21T06:00:00.123Z"
         *     }
         */
        Product: {
            id: components["schemas"]["Id"];
            name: components["schemas"]["Name"];
            description?: components["schemas"]["Description"];
            price: components["schemas"]["Price"];
            /** @description Pieces in stock. */
            stock: number;
            /** @description Below this stock the product is low. */
            lowStockThreshold?: number;
            recipe: components["schemas"]["Recipe"];
            version: components["schemas"]["Version"];
            /**
             * Format: date-time
             * @description When it was created.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it last changed, also by an order.
             */
            updatedAt: string;
        };
        /**
         * @description A page of products.
         * @example {
         *       "items": [
         *         {
         *           "id": "burger",
         *           "name": "Burger",
         *           "price": {
         *             "amount": 950,
         *             "currency": "EUR"
         *           },
         *           "stock": 20,
         *           "lowStockThreshold": 3,
         *           "recipe": [
         *             {
         *               "ingredientId": "beef",
         *               "quantity": 150,
         *               "unit": "g"
         *             }
         *           ],
         *           "version": 1,
         *           "createdAt": "2026-11-21T06:00:00.123Z",
         *           "updatedAt": "2026-11-21T06:00:00.123Z"
         *         }
         *       ],
         *       "nextCursor": "eyJhZnRlciI6ImJ1cmdlciJ9"
         *     }
         */
        ProductPage: {
            items: components["schemas"]["Product"][];
            nextCursor: components["schemas"]["NextCursor"];
        };
        /** @description Text without control characters but tab and line ends. */
        Description: string;
        /** @description An amount of money. */
        Price: {
            /** @description In the minor unit of the currency, as cents of EUR and yen of JPY. */
            amount: number;
            currency: components["schemas"]["Currency"];
        };
        /**
         * @description An ISO 4217 code. A client's is in use: neither withdrawn, nor a fund, nor a special code such as `XXX`. A price that is
         *     stored in one that was withdrawn since stays as it is.
         * @example EUR
         */
        Currency: string;
        /** @description What one piece takes of each ingredient, each once. */
        Recipe: {
            ingredientId: components["schemas"]["Id"];
            /** @description In the unit of the ingredient. */
            quantity: number;
            unit: components["schemas"]["Unit"];
        }[];
        /**
         * @example {
         *       "lines": [
         *         {
         *           "productId": "burger",
         *           "quantity": 2
         *         },
         *         {
         *           "productId": "fries",
         *           "quantity": 1
         *         }
         *       ]
         *     }
         */
        NewOrder: {
            /** @description What is ordered, each product once, and all in one currency. */
            lines: {
                productId: components["schemas"]["Id"];
                /** @description Pieces. */
                quantity: number;
            }[];
        };
        /**
         * @description Why a field of an order is not valid. `duplicate`, a product is there twice.
         * @enum {string}
         */
        OrderError: "duplicate" | "invalid_id" | "invalid_idempotency_key" | "invalid_json" | "not_a_string" | "not_an_array" | "not_an_integer" | "not_an_object" | "out_of_range" | "required" | "too_few" | "too_many" | "unknown_field";
        /**
         * @description An order, with the prices and recipes of the moment in which it was made.
         * @example {
         *       "id": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a61",
         *       "status": "pending",
         *       "lines": [
         *         {
         *           "productId": "burger",
         *           "name": "Burger",
         *           "quantity": 2,
         *           "unitPrice": {
         *             "amount": 950,
         *             "currency": "EUR"
         *           },
         *           "total": {
         *             "amount": 1900,
         *             "currency": "EUR"
         *           },
         *           "recipe": [
         *             {
         *               "ingredientId": "beef",
         *               "quantity": 150,
         *               "unit": "g"
         *             }
         *           ]
         *         }
         *       ],
         *       "total": {
         *         "amount": 1900,
         *         "currency": "EUR"
         *       },
         *       "version": 1,
         *       "createdAt": "2026-11-21T06:00:00.123Z",
         *       "updatedAt": "2026-11-21T06:00:00.123Z"
         *     }
         */
        Order: {
            id: components["schemas"]["Id"];
            /**
             * @description What became of it. It changes once.
             * @enum {string}
             */
            status: "pending" | "confirmed" | "rejected";
            lines: {
                productId: components["schemas"]["Id"];
                name: components["schemas"]["Name"];
                /** @description Pieces. */
                quantity: number;
                unitPrice: components["schemas"]["Price"];
                total: components["schemas"]["Total"];
                recipe: components["schemas"]["Recipe"];
            }[];
            total: components["schemas"]["Total"];
            /**
             * @description Why it was rejected: a code that does not change, and what it is about.
             * @example out_of_stock: product burger
             */
            reason?: string;
            /** @description The user whose token made it; absent where a service made it, or where the API is open. */
            owner?: string;
            /** @description 1 when it was made, 2 when it was decided. */
            version: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it last changed.
             */
            updatedAt: string;
        };
        /**
         * @description A page of orders.
         * @example {
         *       "items": [
         *         {
         *           "id": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a61",
         *           "status": "pending",
         *           "lines": [
         *             {
         *               "productId": "burger",
         *               "name": "Burger",
         *               "quantity": 2,
         *               "unitPrice": {
         *                 "amount": 950,
         *                 "currency": "EUR"
         *               },
         *               "total": {
         *                 "amount": 1900,
         *                 "currency": "EUR"
         *               },
         *               "recipe": [
         *                 {
         *                   "ingredientId": "beef",
         *                   "quantity": 150,
         *                   "unit": "g"
         *                 }
         *               ]
         *             }
         *           ],
         *           "total": {
         *             "amount": 1900,
         *             "currency": "EUR"
         *           },
         *           "version": 1,
         *           "createdAt": "2026-11-21T06:00:00.123Z",
         *           "updatedAt": "2026-11-21T06:00:00.123Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        OrderPage: {
            items: components["schemas"]["Order"][];
            nextCursor: components["schemas"]["NextCursor"];
        };
        /** @description A sum of prices. */
        Total: {
            amount: number;
            currency: components["schemas"]["Currency"];
        };
        /**
         * @description The demo data as they are now.
         * @example {
         *       "ingredients": [],
         *       "products": [
         *         {
         *           "id": "burger",
         *           "name": "Burger",
         *           "price": {
         *             "amount": 950,
         *             "currency": "EUR"
         *           },
         *           "stock": 20,
         *           "lowStockThreshold": 3,
         *           "recipe": [
         *             {
         *               "ingredientId": "beef",
         *               "quantity": 150,
         *               "unit": "g"
         *             }
         *           ],
         *           "version": 1,
         *           "createdAt": "2026-11-21T06:00:00.123Z",
         *           "updatedAt": "2026-11-21T06:00:00.123Z"
         *         }
         *       ]
         *     }
         */
        DemoData: {
            ingredients: components["schemas"]["Ingredient"][];
            products: components["schemas"]["Product"][];
        };
        /**
         * @description An ingredient as a client writes it. `version`, `createdAt` and `updatedAt` are passed over, so that an ingredient that
         *     was read can be sent back.
         * @example {
         *       "id": "beef",
         *       "name": "Beef",
         *       "unit": "g",
         *       "stock": 40000,
         *       "fullLevel": 60000,
         *       "alertEmail": "kitchen@example.com"
         *     }
         */
        NewIngredient: {
            id?: components["schemas"]["Id"];
            name: components["schemas"]["Name"];
            unit: components["schemas"]["Unit"];
            stock: components["schemas"]["Amount"];
            /** @description A full stock. */
            fullLevel: number;
            alertEmail?: components["schemas"]["EmailAddress"];
            version?: components["schemas"]["PassedOver"];
            createdAt?: components["schemas"]["PassedOver"];
            updatedAt?: components["schemas"]["PassedOver"];
        };
        /**
         * @description All of an ingredient. `id` and what the server sets are passed over.
         * @example {
         *       "name": "Beef",
         *       "unit": "g",
         *       "stock": 40000,
         *       "fullLevel": 60000
         *     }
         */
        ReplacedIngredient: {
            name: components["schemas"]["Name"];
            unit: components["schemas"]["Unit"];
            stock: components["schemas"]["Amount"];
            /** @description A full stock. */
            fullLevel: number;
            alertEmail?: components["schemas"]["EmailAddress"];
            id?: components["schemas"]["PassedOver"];
            version?: components["schemas"]["PassedOver"];
            createdAt?: components["schemas"]["PassedOver"];
            updatedAt?: components["schemas"]["PassedOver"];
        };
        /**
         * @example {
         *       "quantity": 5000
         *     }
         */
        Restock: {
            /** @description In the unit of the ingredient. */
            quantity: number;
        };
        /**
         * @description Why a field of an ingredient is not valid. `invalid_json` names the body.
         * @enum {string}
         */
        IngredientError: "blank" | "control_character" | "invalid_email" | "invalid_json" | "not_a_string" | "not_an_integer" | "not_an_object" | "out_of_range" | "required" | "too_long" | "too_short" | "unknown_field";
        /**
         * @description An ingredient.
         * @example {
         *       "id": "beef",
         *       "name": "Beef",
         *       "unit": "g",
         *       "stock": 40000,
         *       "fullLevel": 60000,
         *       "alertEmail": "kitchen@example.com",
         *       "version": 3,
         *       "createdAt": "2026-11-21T06:00:00.123Z",
         *       "updatedAt": "2026-11-21T06:20:00.5Z"
         *     }
         */
        Ingredient: {
            id: components["schemas"]["Id"];
            name: components["schemas"]["Name"];
            unit: components["schemas"]["Unit"];
            stock: components["schemas"]["Amount"];
            /** @description A full stock. */
            fullLevel: number;
            alertEmail?: components["schemas"]["EmailAddress"];
            version: components["schemas"]["Version"];
            /**
             * Format: date-time
             * @description When it was created.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it last changed, also by an order.
             */
            updatedAt: string;
        };
        /**
         * @description A page of ingredients.
         * @example {
         *       "items": [
         *         {
         *           "id": "beef",
         *           "name": "Beef",
         *           "unit": "g",
         *           "stock": 40000,
         *           "fullLevel": 60000,
         *           "alertEmail": "kitchen@example.com",
         *           "version": 3,
         *           "createdAt": "2026-11-21T06:00:00.123Z",
         *           "updatedAt": "2026-11-21T06:20:00.5Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        IngredientPage: {
            items: components["schemas"]["Ingredient"][];
            nextCursor: components["schemas"]["NextCursor"];
        };
        /**
         * @description Who is told when it falls below half. ASCII, without quotes and comments; at most 64 characters before the `@`.
         * @example kitchen@example.com
         */
        EmailAddress: string;
        /**
         * @example {
         *       "userId": "ann",
         *       "type": "click",
         *       "payload": {
         *         "seq": 1,
         *         "page": "/menu"
         *       },
         *       "eventId": "ann-1"
         *     }
         * @example {
         *       "userId": "ann",
         *       "type": "click",
         *       "payload": {}
         *     }
         */
        NewEvent: {
            userId: components["schemas"]["UserId"];
            type: components["schemas"]["ActivityType"];
            payload: components["schemas"]["ActivityPayload"];
            eventId?: components["schemas"]["EventId"];
        };
        /**
         * @example {
         *       "userId": "bob",
         *       "eventType": "click",
         *       "payload": {
         *         "page": "/menu"
         *       }
         *     }
         */
        GeneratedEvent: {
            userId: components["schemas"]["UserId"];
            type?: components["schemas"]["ActivityType"];
            /** @description Stands for `type`; passed over where there is one. */
            eventType?: unknown;
            payload: components["schemas"]["ActivityPayload"];
            eventId?: components["schemas"]["EventId"];
        } | unknown | {
            eventType: components["schemas"]["ActivityType"];
        };
        /**
         * @example {
         *       "events": [
         *         {
         *           "userId": "ann",
         *           "type": "click",
         *           "payload": {
         *             "seq": 2
         *           }
         *         },
         *         {
         *           "userId": "ann",
         *           "type": "click",
         *           "payload": {
         *             "seq": 1
         *           }
         *         }
         *       ]
         *     }
         */
        Batch: {
            /** @description Each is accepted or refused by itself. */
            events: (components["schemas"]["NewEvent"] | unknown)[];
        };
        /**
         * @description The user; at most 256 bytes, not blank, without control characters, and none of `.` and `..`.
         * @example ann
         */
        UserId: string;
        /**
         * @description What was done; at most 256 bytes, not blank, without control characters.
         * @example click
         */
        ActivityType: string;
        /** @description Anything; `seq` and `fail` have a meaning. Numbers keep every digit. */
        ActivityPayload: {
            /** @description Position among the user's events, from 1. An event without one is processed as it comes. */
            seq?: number;
            /** @description True makes every attempt to process it fail, to try that out. */
            fail?: unknown;
        } & {
            [key: string]: unknown;
        };
        /**
         * @description An id of the client's own, at most 256 bytes, not blank and without control characters. `.`, `..`, `batch`, `generate`
         *     and `processed` are reserved, because `/events/{id}` has to name it. Without one the event gets a UUIDv7.
         * @example ann-1
         */
        EventId: string;
        /**
         * @description Why a field of an event is not valid. `invalid_json` names the body, or an event of a batch.
         * @enum {string}
         */
        EventError: "blank" | "control_character" | "invalid_json" | "not_a_string" | "not_an_integer" | "not_an_object" | "out_of_range" | "required" | "reserved" | "too_long" | "too_short" | "unknown_field";
        /**
         * @example {
         *       "eventId": "ann-1"
         *     }
         */
        AcceptedEvent: {
            /** @description Id of the event. */
            eventId: string;
        };
        /**
         * @example {
         *       "results": [
         *         {
         *           "eventId": "ann-1",
         *           "status": "accepted"
         *         },
         *         {
         *           "status": "invalid",
         *           "error": {
         *             "type": "urn:millrace:problem:invalid_request",
         *             "title": "Bad Request",
         *             "status": 400,
         *             "code": "invalid_request",
         *             "detail": "1 field is not valid",
         *             "errors": [
         *               {
         *                 "field": "/events/1/userId",
         *                 "code": "required",
         *                 "detail": "the field is missing"
         *               }
         *             ]
         *           }
         *         }
         *       ]
         *     }
         */
        BatchResults: {
            results: components["schemas"]["Results"];
        };
        /** @description What became of each event, in their order. */
        Results: components["schemas"]["Result"][];
        Result: {
            /**
             * @description `accepted`: Kafka has acknowledged it. `forbidden`: it is of another user than the caller. `not_acknowledged`: it has not; where `error` has an `eventId`, send it again
             *     with that.
             * @enum {string}
             */
            status: "accepted" | "invalid" | "forbidden" | "rate_limited" | "not_acknowledged";
            /** @description Id of the event. */
            eventId?: string;
            error?: components["schemas"]["EventProblem"];
        };
        /** @description An error of an API key that asks too often. */
        RateProblem: components["schemas"]["Problem"];
        /** @description An error of an event. */
        EventProblem: components["schemas"]["Problem"];
        /** @description An error of a batch, or of an event for all of its batch. */
        BatchProblem: components["schemas"]["EventProblem"];
        /** @description An error with a choice. */
        AmbiguousProblem: components["schemas"]["Problem"];
        /** @description Seconds until it is worth another try. */
        RetryAfter: number;
        /** @description The sources whose events have the id. */
        Sources: string[];
        /**
         * @description What became of an event.
         * @example {
         *       "eventId": "ann-1",
         *       "source": "urn:millrace:activity-api/users/ann",
         *       "status": "processed",
         *       "userId": "ann",
         *       "type": "click",
         *       "seq": 1,
         *       "processedAt": 1795240800123,
         *       "attempts": 1
         *     }
         */
        Event: {
            eventId: string;
            /** @description What made the event, and for whom; with its id the event is unique. */
            source: string;
            /**
             * @description `buffered`: it waits for earlier events, or for its next attempt. `failed`: it is a dead letter.
             * @enum {string}
             */
            status: "buffered" | "processed" | "failed";
            userId: string;
            type: string;
            /** @description Its position among the user's events, where it has one. */
            seq: number | null;
            /** @description When it was processed or failed, in milliseconds since 1970-01-01T00:00:00Z. */
            processedAt: number | null;
            /** @description Attempts to process it, also those of redrives. */
            attempts: number;
            /** @description Why the last attempt failed, for people to read. */
            error?: string;
            /**
             * @description It came after its turn, which had been stepped over.
             * @constant
             */
            late?: true;
        };
        /**
         * @description A page of events.
         * @example {
         *       "items": [
         *         {
         *           "eventId": "ann-1",
         *           "source": "urn:millrace:activity-api/users/ann",
         *           "status": "processed",
         *           "userId": "ann",
         *           "type": "click",
         *           "seq": 1,
         *           "processedAt": 1795240800123,
         *           "attempts": 1
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        EventPage: {
            items: components["schemas"]["Event"][];
            nextCursor: components["schemas"]["NextCursor"];
        };
        /**
         * @description A record that a consumer gave up.
         * @example {
         *       "eventId": "will-fail",
         *       "source": "urn:millrace:activity-api/users/ann",
         *       "consumer": "activity-order",
         *       "reason": "processing_failed",
         *       "detail": "payload.fail is true",
         *       "attempts": 4,
         *       "topic": "user-activity-events",
         *       "partition": 3,
         *       "offset": 17,
         *       "at": "2026-11-21T06:00:01.123Z",
         *       "status": "dead"
         *     }
         */
        DeadLetter: {
            /** @description Id of the event; of a record that is none, consumer, topic, partition and offset with colons between. */
            eventId: string;
            /** @description Source of the event, where it is one. */
            source?: string;
            /** @description The function that gave it up. */
            consumer: string;
            /** @description A code that does not change. */
            reason: string;
            /** @description What was wrong, for people to read. */
            detail: string;
            attempts: number;
            topic: string;
            partition: number;
            offset: number;
            /**
             * Format: date-time
             * @description When it was given up.
             */
            at: string;
            /**
             * @description `redriven`: it was sent again and has not failed since.
             * @enum {string}
             */
            status: "dead" | "redriven";
        };
        /**
         * @description A page of dead letters.
         * @example {
         *       "items": [
         *         {
         *           "eventId": "will-fail",
         *           "source": "urn:millrace:activity-api/users/ann",
         *           "consumer": "activity-order",
         *           "reason": "processing_failed",
         *           "detail": "payload.fail is true",
         *           "attempts": 4,
         *           "topic": "user-activity-events",
         *           "partition": 3,
         *           "offset": 17,
         *           "at": "2026-11-21T06:00:01.123Z",
         *           "status": "dead"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        DeadLetterPage: {
            items: components["schemas"]["DeadLetter"][];
            nextCursor: components["schemas"]["NextCursor"];
        };
        /**
         * @example {
         *       "items": [
         *         {
         *           "eventId": "will-fail",
         *           "consumer": "activity-order",
         *           "redriveId": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a63"
         *         }
         *       ]
         *     }
         */
        Redrives: {
            items: {
                eventId: string;
                /** @description The consumer that it is sent to. */
                consumer: string;
                /**
                 * Format: uuid
                 * @description Id of the redrive.
                 */
                redriveId: string;
            }[];
        };
        /** @description Either `fireAt`, or the sum of `hours`, `minutes` and `seconds` from now; at most 365 days ahead. */
        NewTimer: {
            /**
             * @description Where the webhook goes, read as a browser reads it; at most 2,048 bytes. A deployed stack takes https to port 443
             *     (parameter `WebhookPorts`) of hosts whose addresses are all public, without user name and password.
             * @example https://example.com/hooks/dinner
             */
            url: string;
            /**
             * Format: date-time
             * @description When it fires, from 5 s ago, which is now, to 365 days ahead. Rounded up to the millisecond.
             * @example 2026-11-21T06:20:00Z
             */
            fireAt?: string;
            /** @description Hours from now. */
            hours?: number;
            /** @description Minutes from now. */
            minutes?: number;
            /** @description Seconds from now; 0 fires at once. */
            seconds?: number;
            payload?: components["schemas"]["Payload"];
            /**
             * @description What the webhook is signed with: `whsec_` and 24 to 64 bytes in Base64, or two such with a space between, the newer
             *     one first. Without it the stack's own secret signs (parameter `WebhookSecrets`). It is never shown.
             * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
             */
            secret?: string;
        };
        /**
         * @description Any JSON, at most 20,480 bytes as it was sent. It is the webhook's body, byte for byte, and `{}` is that of a timer
         *     without one. It is never shown.
         * @example {
         *       "table": 7,
         *       "say": "Dinner is ready"
         *     }
         */
        Payload: unknown;
        /**
         * @description Why a field of a new timer is not valid. `exclusive`: `fireAt` beside a time from now. `invalid_json` names the body, or
         *     the payload.
         * @enum {string}
         */
        NewTimerError: "exclusive" | "invalid_idempotency_key" | "invalid_json" | "invalid_secret" | "invalid_time" | "not_a_string" | "not_a_url" | "not_an_integer" | "not_an_object" | "out_of_range" | "required" | "too_long" | "too_short" | "unknown_field";
        /**
         * Format: uuid
         * @description A UUIDv7, so ids are in the order in which timers were made.
         * @example 019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a60
         */
        TimerId: string;
        /**
         * @description `pending`: stored. `scheduled`: it waits for its time, or for its next attempt. `firing`: an attempt is under way, or
         *     begins within 0.3 s. The last three are final: `fired`, the receiver has taken it; `failed`, it was given up;
         *     `cancelled`. A failed timer that is sent again from the dead letters fires once more.
         * @enum {string}
         */
        TimerStatus: "pending" | "scheduled" | "firing" | "fired" | "failed" | "cancelled";
        /** @description A timer without its payload and its secret. */
        Timer: {
            timerId: components["schemas"]["TimerId"];
            /** @description Where the webhook goes. */
            url: string;
            status: components["schemas"]["TimerStatus"];
            /**
             * Format: date-time
             * @description When it was to fire first.
             */
            fireAt: string;
            /** @description Until its next attempt, rounded up; 0 where it is due, under way, or not to come. */
            secondsLeft: number;
            /**
             * Format: date-time
             * @description When its next attempt is due; only while it is `pending` or `scheduled`.
             */
            nextAttemptAt?: string;
            /** @description The attempts that have ended, oldest first; the last 20 of them. */
            attempts: components["schemas"]["Attempt"][];
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it last changed.
             */
            updatedAt: string;
        };
        /** @description One request to the URL. It was a success where there is no `error`. */
        Attempt: {
            /**
             * Format: date-time
             * @description When it began.
             */
            at: string;
            /** @description HTTP status of the answer, where one came. */
            status?: number;
            /** @description How long it took, in milliseconds. */
            durationMs: number;
            /** @description Why it failed, for people to read. */
            error?: string;
        };
        /** @description A page of timers. */
        TimerPage: {
            items: components["schemas"]["Timer"][];
            nextCursor: components["schemas"]["NextCursor"];
        };
        /**
         * @description Type of an event. `/schemas/{type}.v1.json` has its schema.
         * @enum {string}
         */
        EventType: "ProductCreated" | "ProductUpdated" | "ProductDeleted" | "LowStockWarning" | "OrderCreated" | "OrderConfirmed" | "OrderRejected" | "Notify" | "UserActivity" | "TimerRequested" | "TimerCancelled" | "TimerFired" | "TimerFailed" | "TimerDue";
        /**
         * @description An event, and where it is in Kafka.
         * @example {
         *       "eventId": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a64",
         *       "source": "urn:millrace:products-api",
         *       "type": "ProductDeleted",
         *       "topic": "product-events",
         *       "partition": 4,
         *       "offset": 12,
         *       "time": "2026-11-21T06:00:00.123Z",
         *       "attributes": {
         *         "specversion": "1.0",
         *         "subject": "burger",
         *         "aggregateversion": 2
         *       },
         *       "data": {
         *         "id": "burger",
         *         "version": 2,
         *         "deletedAt": "2026-11-21T06:00:00.123Z"
         *       }
         *     }
         */
        LogEntry: {
            eventId: string;
            source: string;
            type: components["schemas"]["EventType"];
            topic: string;
            partition: number;
            offset: number;
            /**
             * Format: date-time
             * @description When it happened.
             */
            time: string;
            /** @description All its other attributes, as they came. */
            attributes: {
                [key: string]: unknown;
            };
            /** @description Its payload, as it came. */
            data: unknown;
        };
        /**
         * @description A page of the log.
         * @example {
         *       "items": [
         *         {
         *           "eventId": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a64",
         *           "source": "urn:millrace:products-api",
         *           "type": "ProductDeleted",
         *           "topic": "product-events",
         *           "partition": 4,
         *           "offset": 12,
         *           "time": "2026-11-21T06:00:00.123Z",
         *           "attributes": {
         *             "specversion": "1.0",
         *             "subject": "burger",
         *             "aggregateversion": 2
         *           },
         *           "data": {
         *             "id": "burger",
         *             "version": 2,
         *             "deletedAt": "2026-11-21T06:00:00.123Z"
         *           }
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        LogPage: {
            items: components["schemas"]["LogEntry"][];
            nextCursor: components["schemas"]["NextCursor"];
        };
        /**
         * @description Something that people want to know. The stream has it as the `data` of an event.
         * @example {
         *       "seq": 17,
         *       "eventId": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a64",
         *       "type": "LowStockWarning",
         *       "subject": "burger",
         *       "time": "2026-11-21T06:00:00.123Z",
         *       "title": "Burger: 2 left, fewer than 3",
         *       "data": {
         *         "productId": "burger",
         *         "name": "Burger",
         *         "stock": 2,
         *         "lowStockThreshold": 3,
         *         "version": 4
         *       }
         *     }
         */
        Notification: {
            /** @description Its number in the feed. */
            seq: number;
            /** @description The event, or the dead letter. */
            eventId: string;
            /**
             * @description The type of the event, `DeadLetter` for a record that a consumer gave up, or `UserActivityCount` for a number of users'
             *     events.
             * @enum {string}
             */
            type: "LowStockWarning" | "Notify" | "OrderConfirmed" | "OrderRejected" | "TimerFired" | "TimerFailed" | "DeadLetter" | "UserActivityCount";
            /** @description What it is about: the product, order, ingredient, timer or user; of a dead letter that says none, its id. */
            subject: string;
            /**
             * Format: date-time
             * @description When it happened.
             */
            time: string;
            /** @description A line for people. */
            title: string;
            /** @description The data of the event, as it came; of a dead letter, consumer, reason and place; of a count, `count`. */
            data: unknown;
        };
        /**
         * @description A page of notifications.
         * @example {
         *       "items": [
         *         {
         *           "seq": 17,
         *           "eventId": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a64",
         *           "type": "LowStockWarning",
         *           "subject": "burger",
         *           "time": "2026-11-21T06:00:00.123Z",
         *           "title": "Burger: 2 left, fewer than 3",
         *           "data": {
         *             "productId": "burger",
         *             "name": "Burger",
         *             "stock": 2,
         *             "lowStockThreshold": 3,
         *             "version": 4
         *           }
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        NotificationPage: {
            items: components["schemas"]["Notification"][];
            nextCursor: components["schemas"]["NextCursor"];
        };
        /**
         * @description Counts of events.
         * @example {
         *       "items": [
         *         {
         *           "bucket": "2026-11-21T06:00:00Z",
         *           "type": "OrderConfirmed",
         *           "count": 2,
         *           "value": [
         *             {
         *               "amount": 2850,
         *               "currency": "EUR"
         *             }
         *           ]
         *         },
         *         {
         *           "bucket": "2026-11-21T06:00:00Z",
         *           "type": "UserActivity",
         *           "count": 120,
         *           "failed": 1,
         *           "late": 0
         *         }
         *       ]
         *     }
         */
        Counts: {
            items: components["schemas"]["Count"][];
        };
        /** @description The events of a type in a bucket. */
        Count: {
            /**
             * Format: date-time
             * @description Start of the bucket.
             */
            bucket: string;
            type: components["schemas"]["EventType"];
            count: number;
            value?: components["schemas"]["Value"];
            /** @description Of user activity, how much failed. */
            failed?: number;
            /** @description Of user activity, how much was processed after its turn. */
            late?: number;
        };
        /** @description What orders were worth, in each currency. */
        Value: {
            /** @description In the minor unit of the currency. */
            amount: number;
            currency: components["schemas"]["Currency"];
        }[];
        /**
         * @description Products that were sold.
         * @example {
         *       "items": [
         *         {
         *           "productId": "burger",
         *           "name": "Burger",
         *           "pieces": 3,
         *           "value": [
         *             {
         *               "amount": 2850,
         *               "currency": "EUR"
         *             }
         *           ]
         *         }
         *       ],
         *       "complete": true
         *     }
         */
        TopProducts: {
            items: {
                productId: components["schemas"]["Id"];
                /** @description As an order of the last of the days had it. */
                name: string;
                pieces: number;
                value: components["schemas"]["Value"];
            }[];
            /** @description Whether every product that was sold was looked at. */
            complete: boolean;
        };
        /**
         * @description An event, and what became of it.
         * @example {
         *       "event": {
         *         "eventId": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a64",
         *         "source": "urn:millrace:products-api",
         *         "type": "ProductDeleted",
         *         "topic": "product-events",
         *         "partition": 4,
         *         "offset": 12,
         *         "time": "2026-11-21T06:00:00.123Z",
         *         "attributes": {
         *           "specversion": "1.0",
         *           "subject": "burger",
         *           "aggregateversion": 2
         *         },
         *         "data": {
         *           "id": "burger",
         *           "version": 2,
         *           "deletedAt": "2026-11-21T06:00:00.123Z"
         *         }
         *       },
         *       "life": [
         *         {
         *           "at": "2026-11-21T06:00:00.123Z",
         *           "stage": "accepted",
         *           "by": "products-api"
         *         },
         *         {
         *           "at": "2026-11-21T06:00:00.123Z",
         *           "stage": "outbox",
         *           "by": "products-api",
         *           "detail": {
         *             "waits": false
         *           }
         *         },
         *         {
         *           "at": "2026-11-21T06:00:00.131Z",
         *           "stage": "published",
         *           "by": null,
         *           "detail": {
         *             "topic": "product-events",
         *             "partition": 4,
         *             "offset": 12
         *           }
         *         },
         *         {
         *           "at": "2026-11-21T06:00:01.002Z",
         *           "stage": "logged",
         *           "by": "event-log"
         *         }
         *       ],
         *       "related": [
         *         {
         *           "eventId": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a60",
         *           "type": "ProductCreated",
         *           "source": "urn:millrace:products-api",
         *           "time": "2026-11-21T05:00:00Z"
         *         }
         *       ]
         *     }
         */
        EventLife: {
            /** @description As an entry of the log; of an event that the log has not got, and of a dead letter, what is known. */
            event: {
                eventId: string;
                source?: string;
                type?: string;
                topic?: string;
                partition?: number;
                offset?: number;
                time?: string;
                attributes?: {
                    [key: string]: unknown;
                };
                /** @description Its payload, as it came. */
                data?: unknown;
            };
            /** @description The stages, in order. */
            life: components["schemas"]["Stage"][];
            /** @description The events that belong to it, by time. */
            related: {
                eventId: string;
                type: components["schemas"]["EventType"];
                /** @description Absent if it has more than 256 bytes. */
                source?: string;
                /** Format: date-time */
                time: string;
            }[];
        };
        /**
         * @example {
         *       "at": "2026-11-21T06:00:01Z",
         *       "stage": "logged",
         *       "by": "event-log"
         *     }
         */
        Stage: {
            /**
             * Format: date-time
             * @description Null if it is not known; then `detail.unknown` says why.
             */
            at: string | null;
            /**
             * @description `accepted`: by the function that made the event, or unknown for another producer's. `outbox`: stored with its change.
             *     `published`: to Kafka. `logged`, `archived`: copied. `buffered`: a user's event came before its turn. `processed`: by
             *     its consumer. `confirmed`, `rejected`: its order. `mailed`: its alert. `due`, `sent`: an attempt of its timer, with the
             *     answer. `failed`: its consumer tried in vain. `dead_letter`: a consumer gave it up. `redriven`: it was sent to that
             *     consumer again.
             * @enum {string}
             */
            stage: "accepted" | "outbox" | "published" | "logged" | "archived" | "buffered" | "processed" | "confirmed" | "rejected" | "mailed" | "due" | "sent" | "failed" | "dead_letter" | "redriven";
            /** @description The function that did it; null if several may have, as the relay or an API publish. */
            by: string | null;
            /**
             * @description `topic`, `partition`, `offset` of `published`; `object` of `archived`; `waits` of `outbox`; `seq`, `waitedFor` and, as
             *     long as it does, `waitsFor` of `buffered`; `attempts` and `late` of `processed`; `attempt`, `status`, `durationMs`,
             *     `error` of `sent`; `reason`, `detail`, `attempts` of `dead_letter`; `redriveId`, `consumer`, and `outcome` of `redriven`,
             *     which is `processed`, `failed`, `waits in the outbox` or `unknown`.
             */
            detail?: {
                [key: string]: unknown;
            };
        };
        /**
         * @description What waits, and whether the dependencies answer.
         * @example {
         *       "dependencies": {
         *         "dynamodb": "ok",
         *         "kafka": "unavailable"
         *       },
         *       "outbox": {
         *         "pending": 3,
         *         "more": false,
         *         "oldest": "2026-11-21T06:00:00.123Z",
         *         "oldestSeconds": 41
         *       },
         *       "buffered": {
         *         "count": 0,
         *         "more": false,
         *         "oldest": null,
         *         "oldestSeconds": null
         *       },
         *       "deadLetters": {
         *         "open": 1024,
         *         "more": true,
         *         "oldest": "2026-11-20T06:00:00.123Z",
         *         "oldestSeconds": 86441
         *       },
         *       "timers": {
         *         "due": 0,
         *         "more": false,
         *         "oldest": null,
         *         "oldestSeconds": null
         *       }
         *     }
         */
        Overview: {
            dependencies: components["schemas"]["Dependencies"];
            /** @description Events that are stored and not published. A bundle of events counts as one until it is split. */
            outbox: components["schemas"]["Waiting"];
            /** @description Users' events that wait for an earlier one, or for their next attempt; `oldest` is of those that wait for a gap. */
            buffered: components["schemas"]["Waiting"];
            /** @description Dead letters that were not redriven since they failed. */
            deadLetters: components["schemas"]["Waiting"];
            /** @description Attempts of timers that are due and not made. */
            timers: components["schemas"]["Waiting"];
        };
        /**
         * @example {
         *       "more": false,
         *       "oldest": null,
         *       "oldestSeconds": null
         *     }
         */
        Waiting: {
            /** @description Whether there are more than were counted. */
            more: boolean;
            /**
             * Format: date-time
             * @description Since when the oldest waits.
             */
            oldest: string | null;
            /** @description How long that is. */
            oldestSeconds: number | null;
        };
        /**
         * @description Each dependency: DynamoDB and Kafka.
         * @example {
         *       "dynamodb": "ok",
         *       "kafka": "ok"
         *     }
         */
        Dependencies: {
            /** @enum {string} */
            dynamodb: "ok" | "unavailable";
            /** @enum {string} */
            kafka: "ok" | "unavailable";
        };
        /**
         * @example {
         *       "status": "ok",
         *       "dependencies": {
         *         "dynamodb": "ok",
         *         "kafka": "ok"
         *       }
         *     }
         */
        Health: {
            /** @enum {string} */
            status: "ok" | "unavailable";
            dependencies?: components["schemas"]["Dependencies"];
        };
        /**
         * @example {
         *       "openapi": "3.1.0",
         *       "info": {
         *         "title": "Millrace",
         *         "version": "0.1.0"
         *       },
         *       "paths": {}
         *     }
         */
        OpenApi: {
            /** @constant */
            openapi: "3.1.0";
        } & {
            [key: string]: unknown;
        };
        /**
         * @example {
         *       "asyncapi": "3.0.0",
         *       "info": {
         *         "title": "Millrace",
         *         "version": "0.1.0"
         *       },
         *       "channels": {}
         *     }
         */
        AsyncApi: {
            /** @constant */
            asyncapi: "3.0.0";
        } & {
            [key: string]: unknown;
        };
        /**
         * @example {
         *       "$id": "urn:millrace:schema:OrderCreated:1",
         *       "$schema": "https://json-schema.org/draft/2020-12/schema",
         *       "title": "OrderCreated",
         *       "type": "object"
         *     }
         */
        JsonSchema: {
            /** @constant */
            $schema: "https://json-schema.org/draft/2020-12/schema";
        } & {
            [key: string]: unknown;
        };
        /**
         * @description An id. Without one from a client it is a UUIDv7.
         * @example burger
         */
        Id: string;
        /**
         * @description Not blank, and without control characters but tab and line ends.
         * @example Burger
         */
        Name: string;
        /**
         * @description Unit of the amounts of an ingredient.
         * @example g
         */
        Unit: string;
        /** @description Pieces, or an amount in a unit. */
        Amount: number;
        /** @description What the server sets; passed over. */
        PassedOver: unknown;
        /** @description Counts the changes, and is the `ETag`. */
        Version: number;
        /** @description `*`, or a list of entity tags. */
        EntityTags: string;
        /** @description The `cursor` of the page that follows; null after the last one. */
        NextCursor: string | null;
        /**
         * @example {
         *       "auth": "on",
         *       "issuer": "https://login.example.com",
         *       "clientId": "millrace-pages",
         *       "audience": "millrace"
         *     }
         */
        PageLogin: {
            /**
             * @description Whether callers have to be known.
             * @enum {unknown}
             */
            auth: "on" | "off";
            /** @description The OpenID Connect issuer, if the pages have a client there. */
            issuer?: string;
            /** @description That client. It is public and uses PKCE. */
            clientId?: string;
            /** @description For whom its tokens have to be. */
            audience?: string;
            /** @description What it asks for, with spaces between, if not for all scopes of the contract. */
            scopes?: string;
        };
        /** @description An error (RFC 9457). */
        Problem: {
            /** @description The code as a URN. */
            type: string;
            /** @description Text of the status. */
            title: string;
            /** @description HTTP status. */
            status: number;
            /** @description What went wrong; it does not change. */
            code: string;
            /** @description What was wrong and what to do, for people to read. */
            detail: string;
            /** @description With `forbidden`: the scopes that the operation needs, with spaces between them. */
            scope?: string;
            /** @description Every bad field, where fields are bad. */
            errors?: components["schemas"]["FieldError"][];
        };
        /** @description One bad field. */
        FieldError: {
            /** @description JSON pointer into the body (empty for the whole of it), or the name of a parameter or header. */
            field: string;
            /** @description What is wrong with it; it does not change. */
            code: string;
            /** @description What was expected, for people to read. */
            detail: string;
        };
        /** @description An answer of API Gateway, which no function has seen. */
        GatewayMessage: {
            message: string;
        };
    };
    responses: {
        /** @description `not_found`: there is no such timer. */
        NoSuchTimer: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `invalid_request`: every bad field. `unreadable_body`: the body did not come whole. */
        BadProduct: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The order, `pending`. */
        OrderMade: {
            headers: {
                ETag: components["headers"]["ETag"];
                Location: components["headers"]["Location"];
                "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Order"];
            };
        };
        /** @description `invalid_request`: every bad field. `unreadable_body`: the body did not come whole. */
        BadOrder: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `body_too_large`: over 262,144 bytes. `event_too_large`: the order, with the recipes of its products, would have more than
         *     204,800 bytes; split it. API Gateway refuses what Lambda does not take, over about 6 MB.
         */
        OrderTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `unknown_product`, `mixed_currencies`: `errors` names the lines. `too_many_parts`: over 90 distinct products and
         *     ingredients; split it. `total_out_of_range`: the sum is over 9,007,199,254,740,991. `idempotency_key_reused`: the key was
         *     used with another body.
         */
        OrderRefused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The demo data as they are now. */
        Seeded: {
            headers: {
                "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["DemoData"];
            };
        };
        /** @description `invalid_request`: the key is not valid. `unreadable_body`: the body did not come whole. */
        BadSeed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `seed_disabled`: the parameter `AllowSeed` is off. `forbidden`: the caller does not have the scope. With a `message` it is
         *     an answer of API Gateway.
         */
        SeedForbidden: {
            headers: {
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description Kafka has the event. */
        EventAccepted: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["AcceptedEvent"];
            };
        };
        /** @description `invalid_request`: every bad field. `unreadable_body`: the body did not come whole. */
        BadEvent: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `body_too_large`: over 262,144 bytes. `event_too_large`: the event would have more than that on the topic. API Gateway
         *     refuses what Lambda does not take, over about 6 MB.
         */
        EventTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `rate_limited`: the user has had 100 events within a second. `key_rate_limited`: the API key has made as many requests
         *     as it may in a second. Nothing was stored. Send it again after `Retry-After`. Without it: more requests than the AWS
         *     account allows.
         */
        RateLimited: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["EventProblem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `not_acknowledged`: Kafka may have the event or not. Send it again with the `eventId` of this answer, and it is processed
         *     once. `unavailable`: nothing was stored. Without `Retry-After` it is an answer of API Gateway.
         */
        NotAcknowledged: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["EventProblem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `forbidden`: the caller does not have the scope. `user_mismatch`: the event is of another user than the caller, who does
         *     not have `events:any-user`. With a `message` it is an answer of API Gateway.
         */
        ForbiddenUser: {
            headers: {
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `forbidden`: the caller does not have the scope. `user_mismatch`: no event was accepted, and at least one is of another
         *     user than the caller, who does not have `events:any-user`. With a `message` it is an answer of API Gateway.
         */
        ForbiddenBatch: {
            headers: {
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["BatchProblem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description A page. It loads from the API that serves it, and from nowhere else. */
        Page: {
            headers: {
                "Content-Security-Policy": components["headers"]["ContentSecurityPolicy"];
                "X-Content-Type-Options": components["headers"]["NoSniff"];
                "Referrer-Policy": components["headers"]["NoReferrer"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content: {
                "text/html": string;
            };
        };
        /** @description It is as `If-None-Match` has it. */
        DocumentNotModified: {
            headers: {
                ETag: components["headers"]["ETag"];
                "Cache-Control": components["headers"]["CacheControl"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description OPTIONS of any path. To a preflight of a page that is allowed, `Access-Control-*` tell the same. */
        Options: {
            headers: {
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description 405 of any path: `method_not_allowed`, a method that it does not have. */
        MethodNotAllowed: {
            headers: {
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description 400, 404, 413, 429, 500 or 503 of API Gateway, which no function has seen. */
        Gateway: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description `invalid_request`: a parameter is not valid, and `errors` names it. `invalid_query`: a parameter is there twice. */
        BadPage: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `invalid_query`: a parameter is there twice. */
        BadQuery: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `invalid_request`: `If-Match` or `If-None-Match` is not valid, and `errors` names it. */
        BadCondition: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It is as `If-None-Match` has it. */
        NotModified: {
            headers: {
                ETag: components["headers"]["ETag"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description `not_found`: there is no such resource. */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `already_exists`: the id is in use. `idempotency_key_in_progress`: the first request with this key is under way, or ended
         *     without an answer less than 30 s ago; send it again after `Retry-After`, which only this one has.
         */
        AlreadyExists: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `idempotency_key_in_progress`: the first request with this key is under way, or ended without an answer less than 30 s
         *     ago. Send it again after `Retry-After`.
         */
        KeyInProgress: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `idempotency_key_reused`: the key was used with another body. */
        KeyReused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `too_many_changes`: others changed it all the time. Send it again after `Retry-After`. */
        TooManyChanges: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `version_mismatch`: `If-Match` names another version, or nothing exists; or `If-None-Match` names what exists. */
        VersionMismatch: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `body_too_large`: over 262,144 bytes. API Gateway refuses what Lambda does not take, over about 6 MB. */
        BodyTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `unsupported_media_type`: the body says that it is something else than a merge patch in UTF-8.
         *     `unsupported_content_encoding`: it is compressed.
         */
        UnsupportedPatch: {
            headers: {
                "Accept-Patch": components["headers"]["AcceptPatch"];
                "Accept-Encoding": components["headers"]["AcceptEncoding"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `credential_in_url`: a token or an API key is in the URL, and may be in logs now. Replace it. */
        CredentialInUrl: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `unauthenticated`: there is no token or key. `token_expired`: it is not valid any more. With a `message` it is an answer of
         *     API Gateway.
         */
        Unauthenticated: {
            headers: {
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `forbidden`: the caller does not have the scope that the operation needs. With a `message` it is an answer of API
         *     Gateway: the token or the API key is not good.
         */
        Forbidden: {
            headers: {
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `unsupported_media_type`: the body says that it is something else than JSON in UTF-8. `unsupported_content_encoding`: it
         *     is compressed.
         */
        UnsupportedBody: {
            headers: {
                Accept: components["headers"]["Accept"];
                "Accept-Encoding": components["headers"]["AcceptEncoding"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `key_rate_limited`: the API key has made as many requests as it may in a second, and nothing was done. Send it again
         *     after `Retry-After`. With a `message` it is an answer of API Gateway: more requests than the AWS account allows.
         */
        Throttled: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["RateProblem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description More requests than the AWS account allows. Try again, each time later. */
        GatewayThrottled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description The function ended without an answer. Whether it did anything is not known. */
        Failed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description The function did not answer in time, or may not run more often now. */
        GatewayUnavailable: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `unavailable`: nothing was done, or it is not known. Send the same request again after `Retry-After`; a POST with the
         *     same `Idempotency-Key`, so that it is made once. Without `Retry-After` it is an answer of API Gateway.
         */
        Unavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
    };
    parameters: {
        /**
         * @description The ingredient's `id`. What is none answers 404.
         * @example beef
         */
        IngredientId: string;
        /**
         * @description Only the event of this source, where several have the id.
         * @example urn:millrace:activity-api/users/ann
         */
        Source: string;
        /**
         * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
         *     one list.
         * @example "3"
         */
        IfMatch: components["schemas"]["EntityTags"];
        /**
         * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
         *     one list.
         * @example "3"
         */
        IfNoneMatch: components["schemas"]["EntityTags"];
        /**
         * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
         *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
         *     the operation. Only successes are kept; a request that was refused may be sent again.
         * @example dinner-2026-11-21
         */
        IdempotencyKey: string;
        /**
         * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
         * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
         */
        Traceparent: string;
        /** @description Items of a page. */
        Limit: number;
        /** @description The `nextCursor` of the page before; opaque. */
        Cursor: string;
    };
    requestBodies: {
        NewOrder: {
            content: {
                "application/json": components["schemas"]["NewOrder"];
            };
        };
    };
    headers: {
        /**
         * @description Seconds, or a date, until the receiver wants to be called again; a day at most. At most 64 bytes.
         * @example 600
         */
        WebhookRetryAfter: string;
        /** @description How long it may be kept without asking again. */
        CacheControl: "no-cache" | "public, max-age=3600" | "public, max-age=31536000, immutable";
        /** @description The page loads from the API that served it, and from nowhere else. */
        ContentSecurityPolicy: string;
        /** @description The type is as it says. */
        NoSniff: "nosniff";
        /** @description Nobody is told from where a link was followed. */
        NoReferrer: "no-referrer";
        /**
         * @description The version, for `If-Match` and `If-None-Match`.
         * @example "3"
         */
        ETag: string;
        /**
         * @description Path of what was made.
         * @example /products/burger
         */
        Location: string;
        /**
         * @description The methods of the path.
         * @example GET, HEAD, POST, OPTIONS
         */
        Allow: string;
        /** @description The media types that a patch has to have; with `unsupported_media_type`. */
        AcceptPatch: "application/merge-patch+json, application/json";
        /**
         * @description How to say who calls (RFC 6750, 3).
         * @example Bearer
         */
        WwwAuthenticate: string;
        /** @description The answer is that of an earlier request with this key. */
        IdempotencyReplayed: "true";
        /** @description The media type that a body has to have; with `unsupported_media_type`. */
        Accept: "application/json";
        /** @description The encoding that a body has to have, which is none; with `unsupported_content_encoding`. */
        AcceptEncoding: "identity";
        /**
         * @description Seconds until it is worth another try.
         * @example 1
         */
        RetryAfter: number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listProducts: {
        parameters: {
            query?: {
                /** @description Only products that are low. */
                lowStock?: boolean;
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductPage"];
                };
            };
            /** @description `invalid_request`: a parameter is not valid, and `errors` names it. `invalid_query`: a parameter is there twice. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    createProduct: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
                 *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
                 *     the operation. Only successes are kept; a request that was refused may be sent again.
                 * @example dinner-2026-11-21
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewProduct"];
            };
        };
        responses: {
            /** @description The product, at its first version. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Product"];
                };
            };
            /** @description `invalid_request`: every bad field. `unreadable_body`: the body did not come whole. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["AlreadyExists"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            422: components["responses"]["KeyReused"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    getProduct: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The product's `id`. What is none answers 404.
                 * @example burger
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Product"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadCondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceProduct: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The product's `id`. What is none answers 404.
                 * @example burger
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplacedProduct"];
            };
        };
        responses: {
            /** @description The product, at its next version. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Product"];
                };
            };
            400: components["responses"]["BadProduct"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["TooManyChanges"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteProduct: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The product's `id`. What is none answers 404.
                 * @example burger
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product is deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadCondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["TooManyChanges"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    patchProduct: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The product's `id`. What is none answers 404.
                 * @example burger
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["ProductPatch"];
                "application/json": components["schemas"]["ProductPatch"];
            };
        };
        responses: {
            /** @description The product, at its next version. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Product"];
                };
            };
            400: components["responses"]["BadProduct"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["TooManyChanges"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedPatch"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listOrders: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderPage"];
                };
            };
            400: components["responses"]["BadPage"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    createOrder: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
                 *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
                 *     the operation. Only successes are kept; a request that was refused may be sent again.
                 * @example dinner-2026-11-21
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["NewOrder"];
        responses: {
            201: components["responses"]["OrderMade"];
            400: components["responses"]["BadOrder"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["KeyInProgress"];
            413: components["responses"]["OrderTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            422: components["responses"]["OrderRefused"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    createOrderAlias: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
                 *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
                 *     the operation. Only successes are kept; a request that was refused may be sent again.
                 * @example dinner-2026-11-21
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["NewOrder"];
        responses: {
            201: components["responses"]["OrderMade"];
            400: components["responses"]["BadOrder"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["KeyInProgress"];
            413: components["responses"]["OrderTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            422: components["responses"]["OrderRefused"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    getOrder: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The order's `id`. What is none answers 404.
                 * @example 019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a61
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadCondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    seed: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
                 *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
                 *     the operation. Only successes are kept; a request that was refused may be sent again.
                 * @example dinner-2026-11-21
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Seeded"];
            400: components["responses"]["BadSeed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["SeedForbidden"];
            409: components["responses"]["KeyInProgress"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            422: components["responses"]["KeyReused"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    seedAlias: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
                 *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
                 *     the operation. Only successes are kept; a request that was refused may be sent again.
                 * @example dinner-2026-11-21
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Seeded"];
            400: components["responses"]["BadSeed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["SeedForbidden"];
            409: components["responses"]["KeyInProgress"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            422: components["responses"]["KeyReused"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listIngredients: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IngredientPage"];
                };
            };
            400: components["responses"]["BadPage"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    createIngredient: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
                 *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
                 *     the operation. Only successes are kept; a request that was refused may be sent again.
                 * @example dinner-2026-11-21
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewIngredient"];
            };
        };
        responses: {
            /** @description The ingredient, at its first version. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ingredient"];
                };
            };
            /** @description `invalid_request`: every bad field. `unreadable_body`: the body did not come whole. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["AlreadyExists"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            422: components["responses"]["KeyReused"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    getIngredient: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The ingredient's `id`. What is none answers 404.
                 * @example beef
                 */
                id: components["parameters"]["IngredientId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ingredient. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ingredient"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadCondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceIngredient: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The ingredient's `id`. What is none answers 404.
                 * @example beef
                 */
                id: components["parameters"]["IngredientId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplacedIngredient"];
            };
        };
        responses: {
            /** @description The ingredient, at its next version. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ingredient"];
                };
            };
            /** @description The ingredient, at its first version. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ingredient"];
                };
            };
            /** @description `invalid_request`: every bad field. `unreadable_body`: the body did not come whole. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["TooManyChanges"];
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    restock: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
                 *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
                 *     the operation. Only successes are kept; a request that was refused may be sent again.
                 * @example dinner-2026-11-21
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The ingredient's `id`. What is none answers 404.
                 * @example beef
                 */
                id: components["parameters"]["IngredientId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Restock"];
            };
        };
        responses: {
            /** @description The ingredient, at its next version. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ingredient"];
                };
            };
            /** @description `invalid_request`: every bad field. `unreadable_body`: the body did not come whole. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /**
             * @description `too_many_changes`: the ingredient changed all the time for 5 s. `idempotency_key_in_progress`: the first request with
             *     this key is under way. Send it again after `Retry-After`.
             */
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            /**
             * @description `stock_out_of_range`: the stock would be over 1,000,000,000,000. `idempotency_key_reused`: the key was used with
             *     another body.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    sendEvent: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEvent"];
            };
        };
        responses: {
            202: components["responses"]["EventAccepted"];
            400: components["responses"]["BadEvent"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenUser"];
            413: components["responses"]["EventTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Failed"];
            503: components["responses"]["NotAcknowledged"];
        };
    };
    generateEvent: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GeneratedEvent"];
            };
        };
        responses: {
            202: components["responses"]["EventAccepted"];
            400: components["responses"]["BadEvent"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenUser"];
            413: components["responses"]["EventTooLarge"];
            415: components["responses"]["UnsupportedBody"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Failed"];
            503: components["responses"]["NotAcknowledged"];
        };
    };
    sendEvents: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Batch"];
            };
        };
        responses: {
            /** @description At least one event was accepted. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchResults"];
                };
            };
            /**
             * @description `invalid_request`: the batch is none, or has no valid event; then `results` has the mistakes of each, and `errors`
             *     those of the first. `unreadable_body`: the body did not come whole.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["BatchProblem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenBatch"];
            /**
             * @description `body_too_large`: over 2,097,152 bytes. `event_too_large`: an event would have more than 262,144 bytes on the topic.
             *     API Gateway refuses what Lambda does not take, over about 6 MB.
             */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["BatchProblem"];
                    "application/json": components["schemas"]["GatewayMessage"];
                };
            };
            415: components["responses"]["UnsupportedBody"];
            /**
             * @description `rate_limited`: no event was accepted, because their users have had 100 events within a second. `key_rate_limited`:
             *     the API key has made as many requests as it may in a second. Send them again after `Retry-After`. Without it: more
             *     requests than the AWS account allows.
             */
            429: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["BatchProblem"];
                    "application/json": components["schemas"]["GatewayMessage"];
                };
            };
            500: components["responses"]["Failed"];
            /**
             * @description `not_acknowledged`: no event was acknowledged, and Kafka may have some of them; send each again with the `eventId` of
             *     its result. `unavailable`: nothing was stored. Without `Retry-After` it is an answer of API Gateway.
             */
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["BatchProblem"];
                    "application/json": components["schemas"]["GatewayMessage"];
                };
            };
        };
    };
    listProcessedEvents: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            400: components["responses"]["BadPage"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenUser"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    getEvent: {
        parameters: {
            query?: {
                /**
                 * @description Only the event of this source, where several have the id.
                 * @example urn:millrace:activity-api/users/ann
                 */
                source?: components["parameters"]["Source"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The event's `eventId`, percent-encoded. What is none answers 404.
                 * @example 019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a62
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
            400: components["responses"]["BadQuery"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenUser"];
            404: components["responses"]["NotFound"];
            /** @description `ambiguous_event_id`: events of several sources have this id. Choose one of `sources` with `source`. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["AmbiguousProblem"];
                };
            };
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listUserEvents: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The `userId`, percent-encoded. What is none answers 404.
                 * @example ann
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, which is empty for a user that nobody has heard of. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            400: components["responses"]["BadPage"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenUser"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterPage"];
                };
            };
            400: components["responses"]["BadPage"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    redrive: {
        parameters: {
            query?: {
                /**
                 * @description Only the event of this source, where several have the id.
                 * @example urn:millrace:activity-api/users/ann
                 */
                source?: components["parameters"]["Source"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The `eventId` of the dead letter, percent-encoded.
                 * @example will-fail
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The redrives are stored, and on their way. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redrives"];
                };
            };
            400: components["responses"]["BadQuery"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /**
             * @description `ambiguous_event_id`: events of several sources have this id; choose one of `sources` with `source`.
             *     `already_redriven`: all were sent again and have not failed since; this one has no `sources`.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `not_redrivable`: the table does not have the record itself, it was sent again 100 times, or its id belongs to another
             *     event.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listTimers: {
        parameters: {
            query?: {
                /**
                 * @description Only timers of this status.
                 * @example scheduled
                 */
                status?: components["schemas"]["TimerStatus"];
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimerPage"];
                };
            };
            /**
             * @description `invalid_request`: a parameter is not valid, and `errors` names it. `invalid_query`: a parameter is there twice, or
             *     is no text.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    createTimer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request once: for 24 h the same key and body gives the first answer again, with `Idempotency-Replayed`. Bodies
                 *     are the same if they mean the same JSON: key order, white space and spelling do not matter. It belongs to the caller and
                 *     the operation. Only successes are kept; a request that was refused may be sent again.
                 * @example dinner-2026-11-21
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTimer"];
            };
        };
        responses: {
            /** @description The timer is stored. */
            202: {
                headers: {
                    /**
                     * @description Path of the timer.
                     * @example /timers/019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a60
                     */
                    Location: string;
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Timer"];
                };
            };
            /** @description `invalid_request`: every bad field, each with a code of its own. `unreadable_body`: the body did not come whole. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /**
             * @description `idempotency_key_in_progress`: the first request with this key is under way, or ended without an answer less than
             *     30 s ago. Send it again after `Retry-After`.
             */
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `body_too_large`: over 262,144 bytes. `payload_too_large`: the payload has more than 20,480 bytes. API Gateway
             *     refuses what Lambda does not take, over about 6 MB.
             */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                    "application/json": components["schemas"]["GatewayMessage"];
                };
            };
            415: components["responses"]["UnsupportedBody"];
            /**
             * @description `url_refused`: no webhook goes to this URL, and `errors` says why. `idempotency_key_reused`: the key was used with
             *     another body.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    getTimer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The `timerId`. What is none answers 404.
                 * @example 019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a60
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The timer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Timer"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NoSuchTimer"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    cancelTimer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The `timerId`. What is none answers 404.
                 * @example 019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a60
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The timer is cancelled. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NoSuchTimer"];
            /**
             * @description Too late. `timer_firing`: an attempt is under way, from 0.3 s before its time on, and nobody can say what the
             *     receiver has seen. It ends within 20 s, or is made again within a minute where its sender died; a timer that is to
             *     be tried again can then be cancelled.
             *     `timer_fired`: the receiver has taken it. `timer_failed`: it was given up. `too_many_changes`: the timer changed five times meanwhile; send it again after
             *     `Retry-After`, which only this one has.
             */
            409: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listEventLog: {
        parameters: {
            query?: {
                /**
                 * @description Only events of the aggregate with this id.
                 * @example burger
                 */
                subject?: string;
                /**
                 * @description Only events of this trace, the second part of their `traceparent`.
                 * @example 0af7651916cd43dd8448eb211c80319c
                 */
                trace?: string;
                /** @description Only events of this type. */
                type?: components["schemas"]["EventType"];
                /**
                 * @description The first moment; a day before `to` by default. At most 400 days before it. In a URL `+` is `%2B`.
                 * @example 2026-11-21T06:00:00Z
                 */
                from?: string;
                /**
                 * @description The moment behind the last one; now by default.
                 * @example 2026-11-21T07:00:00Z
                 */
                to?: string;
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogPage"];
                };
            };
            /** @description `invalid_request`: a parameter is not valid, and `errors` names it. `invalid_query`: a parameter is there twice. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listNotifications: {
        parameters: {
            query?: {
                /** @description Only items with a larger `seq`. 0, the default, gives all that are kept. */
                after?: number;
                /** @description Items of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description The `nextCursor` of the page before; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationPage"];
                };
            };
            /** @description `invalid_request`: a parameter is not valid, and `errors` names it. `invalid_query`: a parameter is there twice. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listAnalytics: {
        parameters: {
            query?: {
                /** @description Length of the buckets, which begin at its multiples in UTC. */
                bucket?: "minute" | "hour" | "day";
                /** @description Only events of this type. */
                type?: components["schemas"]["EventType"];
                /**
                 * @description A moment of the first bucket, which is counted whole. By default the 60 minutes, 24 hours or 30 days that end with
                 *     `to`. In a URL `+` is `%2B`.
                 * @example 2026-11-21T06:00:00Z
                 */
                from?: string;
                /**
                 * @description The moment that the last bucket begins before; now by default.
                 * @example 2026-11-21T07:00:00Z
                 */
                to?: string;
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts, by time and then by name of the type. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Counts"];
                };
            };
            /** @description `invalid_request`: a parameter is not valid, and `errors` names it. `invalid_query`: a parameter is there twice. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    listTopProducts: {
        parameters: {
            query?: {
                /**
                 * @description A moment of the first day, which is counted whole. By default the day that ends with `to`. Days are kept for 400 days.
                 * @example 2026-11-21T00:00:00Z
                 */
                from?: string;
                /**
                 * @description The moment that the last day begins before; now by default.
                 * @example 2026-11-28T00:00:00Z
                 */
                to?: string;
                /** @description Products of the list. */
                limit?: number;
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The products, with the most pieces first, and then by id. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TopProducts"];
                };
            };
            /** @description `invalid_request`: a parameter is not valid, and `errors` names it. `invalid_query`: a parameter is there twice. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    getEventLife: {
        parameters: {
            query?: {
                /**
                 * @description Only the event of this source, where several have the id.
                 * @example urn:millrace:activity-api/users/ann
                 */
                source?: components["parameters"]["Source"];
                /**
                 * @description The aggregate among whose pending events one is sought that is nowhere else.
                 * @example burger
                 */
                subject?: string;
            };
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The event's id, or that of a dead letter, percent-encoded. What is none answers 404.
                 * @example 019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a64
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its life as far as it is known. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventLife"];
                };
            };
            /** @description `invalid_request`: `subject` is no id. `invalid_query`: a parameter is there twice. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description `ambiguous_event_id`: events of several sources have this id. Choose one of `sources` with `source`. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["AmbiguousProblem"];
                };
            };
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Unavailable"];
        };
    };
    getOverview: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As far as it is known. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    live: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All do. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Failed"];
            /** @description One does not, and `dependencies` says which. With a `message` it is an answer of API Gateway. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"] | components["schemas"]["GatewayMessage"];
                };
            };
        };
    };
    getContract: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenApi"];
                };
            };
            304: components["responses"]["DocumentNotModified"];
            400: components["responses"]["BadCondition"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    getTopics: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description AsyncAPI 3.0. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AsyncApi"];
                };
            };
            304: components["responses"]["DocumentNotModified"];
            400: components["responses"]["BadCondition"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    getSchema: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Only where the version is one of these (RFC 9110, 13.1.1). Where nothing exists, a change answers 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Only where the version is none of these (RFC 9110, 13.1.2); else a read answers 304, and a change 412. Several lines are
                 *     one list.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description Type and version, as in `OrderCreated.v1.json`.
                 * @example OrderCreated.v1.json
                 */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description JSON Schema, draft 2020-12, with the envelope of CloudEvents. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "application/schema+json": components["schemas"]["JsonSchema"];
                };
            };
            304: components["responses"]["DocumentNotModified"];
            400: components["responses"]["BadCondition"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    showContract: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Page"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    showEvents: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Page"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    endLogin: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Page"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    getPageFile: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description Its name.
                 * @example start.js
                 */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    "X-Content-Type-Options": components["headers"]["NoSniff"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    "text/css": string;
                    "text/javascript": string;
                    "application/json": components["schemas"]["PageLogin"];
                    "image/png": string;
                };
            };
            404: components["responses"]["NotFound"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    showConsole: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Page"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    getConsoleFile: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description W3C trace context, which is carried through Kafka to the last consumer. What is none is passed over.
                 * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /** @description A hash of all files, as the page names it. */
                version: string;
                /**
                 * @description Its name.
                 * @example app.js
                 */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    "X-Content-Type-Options": components["headers"]["NoSniff"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    /** @description How it is compressed, if it is. */
                    "Content-Encoding"?: "gzip";
                    [name: string]: unknown;
                };
                content: {
                    "text/css": string;
                    "text/javascript": string;
                    "image/svg+xml": string;
                };
            };
            404: components["responses"]["NotFound"];
            429: components["responses"]["GatewayThrottled"];
            500: components["responses"]["Failed"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    receiveTimer: {
        parameters: {
            query?: never;
            header: {
                /** @description The `timerId`, the same on every attempt. */
                "webhook-id": components["schemas"]["TimerId"];
                /**
                 * @description When this attempt began, in seconds since 1970-01-01T00:00:00Z.
                 * @example 1795240800
                 */
                "webhook-timestamp": string;
                /**
                 * @description `v1,` and the Base64 of the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`, by the bytes that the secret
                 *     has behind `whsec_`. With two secrets there are two, with a space between; one that matches is enough. It is absent
                 *     where neither the timer nor the stack (parameter `WebhookSecrets`) has a secret.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature"?: string;
                /**
                 * @description The sender and its version.
                 * @example Millrace-Webhook/0.1.0
                 */
                "user-agent": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Payload"];
            };
        };
        responses: {
            /** @description Gone. The timer has `failed` at once and is not tried again. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A failure; tried again after the longer of the schedule's wait and `Retry-After`. */
            429: {
                headers: {
                    "Retry-After": components["headers"]["WebhookRetryAfter"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A failure; tried again after the longer of the schedule's wait and `Retry-After`. */
            503: {
                headers: {
                    "Retry-After": components["headers"]["WebhookRetryAfter"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Taken. The timer has `fired`. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A failure; redirects are not followed. */
            "3XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A failure; tried again by the schedule. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A failure; tried again by the schedule. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}

// Made by `make contracts` from shared/schemas. Do not change it by hand.

/** Every event of every topic; `type` tells which. */
export type MillraceEvent =
  | LowStockWarning
  | Notify
  | OrderConfirmed
  | OrderCreated
  | OrderRejected
  | ProductCreated
  | ProductDeleted
  | ProductUpdated
  | TimerCancelled
  | TimerDue
  | TimerFailed
  | TimerFired
  | TimerRequested
  | UserActivity;
/** The event of a type. */
export type EventOf<T extends MillraceEvent['type']> = Extract<MillraceEvent, { type: T }>;

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface LowStockWarning {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * The threshold that the stock is below.
     */
    lowStockThreshold: number;
    /**
     * Its name.
     */
    name: string;
    /**
     * The product.
     */
    productId: string;
    /**
     * Pieces left.
     */
    stock: number;
    /**
     * Version of the product that this was seen at.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'LowStockWarning';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface Notify {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * Who is to be told; without it, the address of the deployment.
     */
    email?: string | null;
    /**
     * Amount of a full stock.
     */
    fullLevel: number;
    /**
     * The ingredient.
     */
    ingredientId: string;
    /**
     * Name of the ingredient.
     */
    name: string;
    /**
     * Amount left.
     */
    stock: number;
    /**
     * Unit.
     */
    unit: string;
    /**
     * Version of the ingredient that this was seen at.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'Notify';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface OrderConfirmed {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * When it was made.
     */
    createdAt: string;
    /**
     * Id.
     */
    id: string;
    /**
     * What was ordered, each product once.
     *
     * Items: A line: a product as it was when it was ordered.
     */
    lines: {
      /**
       * Its name.
       */
      name: string;
      /**
       * The product.
       */
      productId: string;
      /**
       * Pieces.
       */
      quantity: number;
      /**
       * What one piece takes of each ingredient.
       *
       * Items: How much of an ingredient one piece takes.
       */
      recipe: {
        /**
         * The ingredient.
         */
        ingredientId: string;
        /**
         * Amount in `unit`, at least 1.
         */
        quantity: number;
        /**
         * Unit of the ingredient, such as `g`.
         */
        unit: string;
      }[];
      /**
       * Price of all pieces.
       */
      total: {
        /**
         * In the currency's minor unit (cents for EUR, yen for JPY).
         */
        amount: number;
        /**
         * Currency.
         */
        currency: string;
      };
      /**
       * Price of one piece.
       */
      unitPrice: {
        /**
         * In the currency's minor unit (cents for EUR, yen for JPY).
         */
        amount: number;
        /**
         * Currency.
         */
        currency: string;
      };
    }[];
    /**
     * The user who placed it; absent if it was not placed with a user's token.
     */
    owner?: string | null;
    /**
     * Why it was rejected: a stable code and what it is about, such as `out_of_stock: product burger`.
     */
    reason?: string | null;
    /**
     * What became of it.
     */
    status: 'pending' | 'confirmed' | 'rejected';
    /**
     * Sum of the lines.
     */
    total: {
      /**
       * In the currency's minor unit (cents for EUR, yen for JPY).
       */
      amount: number;
      /**
       * Currency.
       */
      currency: string;
    };
    /**
     * When it was last changed.
     */
    updatedAt: string;
    /**
     * 1 when it was made, 2 when it was decided.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'OrderConfirmed';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface OrderCreated {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * When it was made.
     */
    createdAt: string;
    /**
     * Id.
     */
    id: string;
    /**
     * What was ordered, each product once.
     *
     * Items: A line: a product as it was when it was ordered.
     */
    lines: {
      /**
       * Its name.
       */
      name: string;
      /**
       * The product.
       */
      productId: string;
      /**
       * Pieces.
       */
      quantity: number;
      /**
       * What one piece takes of each ingredient.
       *
       * Items: How much of an ingredient one piece takes.
       */
      recipe: {
        /**
         * The ingredient.
         */
        ingredientId: string;
        /**
         * Amount in `unit`, at least 1.
         */
        quantity: number;
        /**
         * Unit of the ingredient, such as `g`.
         */
        unit: string;
      }[];
      /**
       * Price of all pieces.
       */
      total: {
        /**
         * In the currency's minor unit (cents for EUR, yen for JPY).
         */
        amount: number;
        /**
         * Currency.
         */
        currency: string;
      };
      /**
       * Price of one piece.
       */
      unitPrice: {
        /**
         * In the currency's minor unit (cents for EUR, yen for JPY).
         */
        amount: number;
        /**
         * Currency.
         */
        currency: string;
      };
    }[];
    /**
     * The user who placed it; absent if it was not placed with a user's token.
     */
    owner?: string | null;
    /**
     * Why it was rejected: a stable code and what it is about, such as `out_of_stock: product burger`.
     */
    reason?: string | null;
    /**
     * What became of it.
     */
    status: 'pending' | 'confirmed' | 'rejected';
    /**
     * Sum of the lines.
     */
    total: {
      /**
       * In the currency's minor unit (cents for EUR, yen for JPY).
       */
      amount: number;
      /**
       * Currency.
       */
      currency: string;
    };
    /**
     * When it was last changed.
     */
    updatedAt: string;
    /**
     * 1 when it was made, 2 when it was decided.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'OrderCreated';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface OrderRejected {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * When it was made.
     */
    createdAt: string;
    /**
     * Id.
     */
    id: string;
    /**
     * What was ordered, each product once.
     *
     * Items: A line: a product as it was when it was ordered.
     */
    lines: {
      /**
       * Its name.
       */
      name: string;
      /**
       * The product.
       */
      productId: string;
      /**
       * Pieces.
       */
      quantity: number;
      /**
       * What one piece takes of each ingredient.
       *
       * Items: How much of an ingredient one piece takes.
       */
      recipe: {
        /**
         * The ingredient.
         */
        ingredientId: string;
        /**
         * Amount in `unit`, at least 1.
         */
        quantity: number;
        /**
         * Unit of the ingredient, such as `g`.
         */
        unit: string;
      }[];
      /**
       * Price of all pieces.
       */
      total: {
        /**
         * In the currency's minor unit (cents for EUR, yen for JPY).
         */
        amount: number;
        /**
         * Currency.
         */
        currency: string;
      };
      /**
       * Price of one piece.
       */
      unitPrice: {
        /**
         * In the currency's minor unit (cents for EUR, yen for JPY).
         */
        amount: number;
        /**
         * Currency.
         */
        currency: string;
      };
    }[];
    /**
     * The user who placed it; absent if it was not placed with a user's token.
     */
    owner?: string | null;
    /**
     * Why it was rejected: a stable code and what it is about, such as `out_of_stock: product burger`.
     */
    reason?: string | null;
    /**
     * What became of it.
     */
    status: 'pending' | 'confirmed' | 'rejected';
    /**
     * Sum of the lines.
     */
    total: {
      /**
       * In the currency's minor unit (cents for EUR, yen for JPY).
       */
      amount: number;
      /**
       * Currency.
       */
      currency: string;
    };
    /**
     * When it was last changed.
     */
    updatedAt: string;
    /**
     * 1 when it was made, 2 when it was decided.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'OrderRejected';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface ProductCreated {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * When it was created.
     */
    createdAt: string;
    /**
     * Description, at most 4,000 characters.
     */
    description?: string | null;
    /**
     * Id.
     */
    id: string;
    /**
     * Below this stock the product is low.
     */
    lowStockThreshold?: number | null;
    /**
     * Name, 1 to 200 characters.
     */
    name: string;
    /**
     * Price of one piece.
     */
    price: {
      /**
       * In the currency's minor unit (cents for EUR, yen for JPY).
       */
      amount: number;
      /**
       * Currency.
       */
      currency: string;
    };
    /**
     * What one piece takes of each ingredient.
     *
     * Items: How much of an ingredient one piece takes.
     */
    recipe: {
      /**
       * The ingredient.
       */
      ingredientId: string;
      /**
       * Amount in `unit`, at least 1.
       */
      quantity: number;
      /**
       * Unit of the ingredient, such as `g`.
       */
      unit: string;
    }[];
    /**
     * Pieces in stock.
     */
    stock: number;
    /**
     * When it was last changed.
     */
    updatedAt: string;
    /**
     * Counts the changes of the product from 1, also across delete and re-create.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'ProductCreated';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface ProductDeleted {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * When it was deleted.
     */
    deletedAt: string;
    /**
     * Id.
     */
    id: string;
    /**
     * Version of the deletion.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'ProductDeleted';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface ProductUpdated {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * When it was created.
     */
    createdAt: string;
    /**
     * Description, at most 4,000 characters.
     */
    description?: string | null;
    /**
     * Id.
     */
    id: string;
    /**
     * Below this stock the product is low.
     */
    lowStockThreshold?: number | null;
    /**
     * Name, 1 to 200 characters.
     */
    name: string;
    /**
     * Price of one piece.
     */
    price: {
      /**
       * In the currency's minor unit (cents for EUR, yen for JPY).
       */
      amount: number;
      /**
       * Currency.
       */
      currency: string;
    };
    /**
     * What one piece takes of each ingredient.
     *
     * Items: How much of an ingredient one piece takes.
     */
    recipe: {
      /**
       * The ingredient.
       */
      ingredientId: string;
      /**
       * Amount in `unit`, at least 1.
       */
      quantity: number;
      /**
       * Unit of the ingredient, such as `g`.
       */
      unit: string;
    }[];
    /**
     * Pieces in stock.
     */
    stock: number;
    /**
     * When it was last changed.
     */
    updatedAt: string;
    /**
     * Counts the changes of the product from 1, also across delete and re-create.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'ProductUpdated';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface TimerCancelled {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * When it was cancelled.
     */
    cancelledAt: string;
    /**
     * The timer.
     */
    timerId: string;
    /**
     * Version.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'TimerCancelled';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface TimerDue {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * Number of the attempt, from 1.
     */
    attempt: number;
    /**
     * When it is due; not earlier.
     */
    dueAt: string;
    /**
     * The timer.
     */
    timerId: string;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'TimerDue';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface TimerFailed {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * Number of the last attempt.
     */
    attempt: number;
    /**
     * Why it was given up.
     */
    error: string;
    /**
     * When it was given up.
     */
    failedAt: string;
    /**
     * When it was to fire.
     */
    fireAt: string;
    /**
     * HTTP status of the last answer, where one came.
     */
    status?: number | null;
    /**
     * The timer.
     */
    timerId: string;
    /**
     * Version.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'TimerFailed';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface TimerFired {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * Number of that attempt.
     */
    attempt: number;
    /**
     * When it was to fire.
     */
    fireAt: string;
    /**
     * When the attempt began that the receiver took.
     */
    firedAt: string;
    /**
     * HTTP status of the answer.
     */
    status: number;
    /**
     * The timer.
     */
    timerId: string;
    /**
     * Version.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'TimerFired';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface TimerRequested {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * When it is to fire.
     */
    fireAt: string;
    /**
     * The timer.
     */
    timerId: string;
    /**
     * Where the webhook goes.
     */
    url: string;
    /**
     * Version.
     */
    version: number;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'TimerRequested';
}

/**
 * An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.
 */
export interface UserActivity {
  /**
   * Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
   * has none: its order is that of `data.payload.seq`.
   */
  aggregateversion?: number | null;
  /**
   * The payload.
   */
  data: {
    /**
     * The id that the client chose for the event.
     */
    eventId?: string | null;
    /**
     * Anything; `seq` and `fail` have a meaning here.
     */
    payload: {
      seq?: number;
      [k: string]: unknown;
    };
    /**
     * What was done, such as `click`.
     */
    type: string;
    /**
     * The user. Events of one user are processed in the order of `payload.seq`.
     */
    userId: string;
  };
  /**
   * `application/json`, also with parameters, or another type with the suffix `+json`.
   */
  datacontenttype?: string | null;
  /**
   * Names the schema and its version.
   */
  dataschema?: string | null;
  /**
   * Id, unique among the events of its source.
   */
  id: string;
  /**
   * The consumer that a redriven event is for; the others pass it by.
   */
  redriveconsumer?: string | null;
  /**
   * Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
   */
  redriveid?: string | null;
  /**
   * What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
   */
  source: string;
  /**
   * `1.0`.
   */
  specversion: '1.0';
  /**
   * Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
   */
  subject?: string;
  /**
   * When it happened. Without it, when Kafka got the event.
   */
  time?: string;
  /**
   * W3C trace context of the request that caused it (the distributed tracing extension).
   */
  traceparent?: string | null;
  type: 'UserActivity';
}

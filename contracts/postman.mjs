// The Postman collection of the contract. Postman's own converter makes the requests; this adds what a run of all of them
// needs: bodies and parameters from the contract's examples, ids that one request hands to the next, and tests.

import { promisify } from 'node:util';
import converter from 'openapi-to-postmanv2';

/** Those that the contract lists; HEAD and OPTIONS, which every path has, it does not. */
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** The variable that a path's `{id}` is, where an earlier request gives it. */
const IDS = {
  products: 'productId',
  orders: 'orderId',
  ingredients: 'ingredientId',
  events: 'eventId',
  dlq: 'failedEventId',
  'event-log': 'eventId',
  timers: 'timerId',
};

const withoutId = ({ id, ...body }) => body;
const withoutEventId = ({ eventId, ...body }) => body;

/**
 * By `operationId`: `body` changes the example, so that a collection can be run again; `keep` is the fields of the answer
 * that later requests use, `read` what they use of an answer that is no JSON; `until` is what an answer has to be, where that
 * takes a moment.
 */
const STEPS = {
  createProduct: { body: withoutId, keep: { productId: 'id' } },
  createOrder: { keep: { orderId: 'id' } },
  createIngredient: { body: withoutId, keep: { ingredientId: 'id' } },
  sendEvent: { body: withoutEventId, keep: { eventId: 'eventId' } },
  getEvent: { until: 'pm.response.code === 200' },
  getEventLife: { until: 'pm.response.code === 200' },
  listDeadLetters: {
    until: "pm.response.json().items.some(({ eventId }) => eventId === pm.collectionVariables.get('failedEventId'))",
  },
  showConsole: { read: { version: '/console\\/([0-9a-f]+)\\//.exec(pm.response.text())[1]' } },
  // The timer is cancelled long before it would call this.
  createTimer: { body: (timer) => ({ ...timer, url: '{{baseUrl}}/health' }), keep: { timerId: 'timerId' } },
};

/** Requests that come before all others of their tag, because those need what they make. */
const FIRST = ['seed', 'seedAlias'];

/** A further request of a tag, from an operation of another one. */
const EXTRA = [
  {
    tag: 'dead letters',
    from: 'sendEvent',
    name: 'Sends an event that fails',
    step: { body: () => ({ userId: 'bob', type: 'click', payload: { fail: true } }), keep: { failedEventId: 'eventId' } },
  },
];

const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

/** Looks a reference up. */
function resolve(contract, value) {
  let found = value;
  while (found?.$ref) {
    found = found.$ref.split('/').slice(1).reduce((node, key) => node[key], contract);
  }
  return found;
}

/** The first example of a media type, which the contract has there or at its schema. */
function exampleOf(contract, media) {
  const [first] = Object.values(media.examples ?? {});
  return resolve(contract, first)?.value ?? media.example ?? resolve(contract, media.schema)?.examples?.[0];
}

/** A parameter with an example, because the converter makes one up by chance where there is none. */
function exampledParameter(contract, reference) {
  const parameter = resolve(contract, reference);
  const { default: usual, examples } = resolve(contract, parameter.schema);
  return { ...parameter, example: parameter.example ?? usual ?? examples?.[0] ?? `{{${parameter.name}}}` };
}

/** The operations with the answers that are successes, each with the examples where the converter looks for them. */
function operations(contract) {
  const found = [];
  for (const [path, item] of Object.entries(contract.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const operation = item[method];
      const body = resolve(contract, operation.requestBody);
      const successes = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
      const exampled = (content = {}) =>
        mapValues(content, (media) => ({ schema: media.schema, example: exampleOf(contract, media) }));
      found.push({
        path,
        method,
        operation: {
          ...operation,
          parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) =>
            exampledParameter(contract, parameter),
          ),
          requestBody: body && { ...body, content: exampled(body.content) },
          responses: Object.fromEntries(
            successes.map(([status, response]) => {
              const { description, content } = resolve(contract, response);
              return [status, { description, content: exampled(content) }];
            }),
          ),
        },
      });
    }
  }
  return found;
}

/** What a request checks, as lines of Postman's scripts. */
function tests({ responses }, { keep = {}, read = {}, until }) {
  const statuses = Object.keys(responses).map(Number);
  const types = [...new Set(Object.values(responses).flatMap(({ content }) => Object.keys(content)))];
  const lines = [
    `pm.test('The answer is one of the contract', () => {`,
    `  pm.expect(pm.response.code).to.be.oneOf(${JSON.stringify(statuses)});`,
    ...(types.length
      ? [`  pm.expect(pm.response.headers.get('Content-Type').split(';')[0]).to.be.oneOf(${JSON.stringify(types)});`]
      : []),
    '});',
    ...Object.entries(keep).map(([name, field]) => `pm.collectionVariables.set('${name}', pm.response.json().${field});`),
    ...Object.entries(read).map(([name, part]) => `pm.collectionVariables.set('${name}', ${part});`),
  ];
  if (!until) return lines;
  return [
    '// Asks again until it is so, for 30 s.',
    "const tries = Number(pm.variables.get('tries') ?? 0);",
    `if (tries < 100 && !(${until})) {`,
    "  pm.variables.set('tries', tries + 1);",
    '  pm.execution.setNextRequest(pm.info.requestName);',
    '  setTimeout(() => {}, 300);',
    '} else {',
    "  pm.variables.unset('tries');",
    ...lines.map((line) => `  ${line}`),
    `  pm.test('It is so in time', () => pm.expect(${until}).to.be.true);`,
    '}',
  ];
}

/** A request of the converter, made ready to be run. */
function ready(item, { operation, path }, step) {
  const { request } = item;
  for (const header of request.header ?? []) {
    if (header.key === 'Idempotency-Key') Object.assign(header, { value: '{{$guid}}', disabled: false });
  }
  const id = IDS[path.split('/')[1]];
  for (const variable of request.url.variable ?? []) {
    if (variable.key === 'id' && id) variable.value = `{{${id}}}`;
  }
  if (step.body) {
    request.body.raw = JSON.stringify(step.body(JSON.parse(request.body.raw)), null, 2);
  }
  // Only what needs no caller says so; everything else inherits the collection's token.
  if (operation.security.length) delete request.auth;
  else request.auth = { type: 'noauth' };
  item.event = [{ listen: 'test', script: { type: 'text/javascript', exec: tests(operation, step) } }];
  // They repeat the request, and the ids are new with every conversion.
  for (const response of item.response) {
    delete response.originalRequest;
    delete response.id;
  }
  delete item.id;
  return item;
}

/** The requests that Postman's converter makes, by `operationId`, and its description of the collection. */
async function converted(contract, all) {
  const paths = {};
  for (const { path, method, operation } of all) {
    paths[path] ??= {};
    // The converter names a request by its summary.
    paths[path][method] = { ...operation, summary: operation.operationId };
  }
  const input = { type: 'json', data: { ...contract, paths, webhooks: undefined } };
  const { result, reason, output } = await promisify(converter.convertV2)(input, {
    alwaysInheritAuthentication: true,
    enableOptionalParameters: false,
    folderStrategy: 'Tags',
    parametersResolution: 'Example',
  });
  if (!result) throw new Error(`the contract is not converted: ${reason}`);
  const { info, item: folders } = output[0].data;
  return { info, requests: new Map(folders.flatMap((folder) => folder.item).map((item) => [item.name, item])) };
}

/** The collection; the same contract always gives the same. */
export async function collection(contract) {
  const all = operations(contract);
  const { info: { _postman_id, ...info }, requests } = await converted(contract, all);

  const request = (source, name, step = {}) => {
    const made = structuredClone(requests.get(source.operation.operationId));
    made.name = made.request.name = name;
    return ready(made, source, step);
  };
  const item = contract.tags.map(({ name: tag, description }) => {
    const extra = EXTRA.filter((further) => further.tag === tag).map(({ from, name, step }) =>
      request(all.find(({ operation }) => operation.operationId === from), name, step),
    );
    const own = all
      .filter(({ operation }) => operation.tags[0] === tag)
      .sort((a, b) => FIRST.includes(b.operation.operationId) - FIRST.includes(a.operation.operationId))
      .map((source) => request(source, source.operation.summary, STEPS[source.operation.operationId]));
    return { name: tag, description, item: [...extra, ...own] };
  });
  const count = item.flatMap((folder) => folder.item).length;
  if (count !== all.length + EXTRA.length) throw new Error('an operation has a tag that the contract does not list');

  return {
    info,
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{bearerToken}}', type: 'string' }] },
    variable: [
      { key: 'baseUrl', value: contract.servers[0].url },
      { key: 'bearerToken', value: '' },
    ],
    item,
  };
}

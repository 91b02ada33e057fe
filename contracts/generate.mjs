// Makes what is made from the contracts: the types of the API, those of the events, and the Postman collection.
// With --check it writes nothing and fails where a file is not what would be written.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { compile } from 'json-schema-to-typescript';
import openapiTS, { astToString } from 'openapi-typescript';
import { parse } from 'yaml';
import { collection } from './postman.mjs';

const here = new URL('./', import.meta.url);
const schemas = new URL('../shared/schemas/', here);
const contract = parse(await readFile(new URL('openapi.yaml', here), 'utf8'));
const MADE_FROM = (source) => `// Made by \`make contracts\` from ${source}. Do not change it by hand.\n\n`;

/** `OrderCreated.v1.json` is `OrderCreated`, and its next version would be `OrderCreatedV2`. */
function interfaceName(file) {
  const [, type, version] = /^([A-Za-z]+)\.v([0-9]+)\.json$/.exec(file);
  return version === '1' ? type : `${type}V${version}`;
}

/**
 * The contract without the schemas of further fields where fields are named. As an index signature such a schema would hold
 * for the named fields too, so that no patch of a product would compile.
 */
function withoutIndexSignatures(node) {
  if (Array.isArray(node)) return node.map(withoutIndexSignatures);
  if (typeof node !== 'object' || node === null) return node;
  const { additionalProperties, ...rest } = node;
  const kept = node.properties && typeof additionalProperties === 'object' ? rest : node;
  return Object.fromEntries(Object.entries(kept).map(([key, value]) => [key, withoutIndexSignatures(value)]));
}

async function apiTypes() {
  const tree = await openapiTS(withoutIndexSignatures(contract));
  return MADE_FROM('contracts/openapi.yaml') + astToString(tree);
}

async function eventTypes() {
  const files = (await readdir(schemas)).filter((file) => file.endsWith('.json')).sort();
  const names = files.map(interfaceName);
  const interfaces = await Promise.all(
    files.map(async (file, i) => {
      const schema = JSON.parse(await readFile(new URL(file, schemas), 'utf8'));
      return compile({ ...schema, title: names[i] }, names[i], {
        // A field that is not known is passed over, but to write its name wrong does not compile.
        additionalProperties: false,
        bannerComment: '',
        style: { printWidth: 120, singleQuote: true },
      });
    }),
  );
  const union = [
    '/** Every event of every topic; `type` tells which. */',
    `export type MillraceEvent =\n${names.map((name) => `  | ${name}`).join('\n')};`,
    '/** The event of a type. */',
    "export type EventOf<T extends MillraceEvent['type']> = Extract<MillraceEvent, { type: T }>;",
  ];
  return `${MADE_FROM('shared/schemas')}${union.join('\n')}\n\n${interfaces.join('\n')}`;
}

const made = {
  'typescript/api.ts': await apiTypes(),
  'typescript/events.ts': await eventTypes(),
  'postman.json': `${JSON.stringify(await collection(contract), null, 1)}\n`,
};

for (const [file, text] of Object.entries(made)) {
  if (!process.argv.includes('--check')) {
    await writeFile(new URL(file, here), text);
  } else if ((await readFile(new URL(file, here), 'utf8').catch(() => '')) !== text) {
    console.error(`ERROR: contracts/${file} is not what the contracts make of it. Run \`make contracts\` and commit it.`);
    process.exitCode = 1;
  }
}

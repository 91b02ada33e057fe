// Fails where the parser of AsyncAPI finds an error in contracts/asyncapi.yaml.

import { fileURLToPath } from 'node:url';
import { DiagnosticSeverity, Parser, fromFile } from '@asyncapi/parser';

const { diagnostics } = await fromFile(new Parser(), fileURLToPath(new URL('asyncapi.yaml', import.meta.url))).parse();
for (const { severity, code, message, path, range } of diagnostics) {
  if (severity === DiagnosticSeverity.Error) {
    console.error(`ERROR: contracts/asyncapi.yaml:${range.start.line + 1}: ${code} at ${path.join('.')}: ${message}`);
    process.exitCode = 1;
  }
}

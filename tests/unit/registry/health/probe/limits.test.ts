import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  bytesOfCheck,
  checksAtOnce,
  connectionTestsAtOnce,
  heldByChecks,
  heldByTests,
  uncountedOfCheck,
} from '../../../../../registry/health/probe/limits.ts';

const megabyte = 1_048_576;
/** Memory of a registry that checks nothing, with the dictionary of the search. */
const idle = 200 * megabyte;
const transports = 2;

test('All checks and connection tests together fit into the memory of the registry in compose', () => {
  const compose = parse(readFileSync(join(import.meta.dirname, '../../../../../docker-compose.yml'), 'utf8'), {
    merge: true,
  }) as { services: { registry: { mem_limit: string } } };
  const [, megabytes] = /^(\d+)m$/.exec(compose.services.registry.mem_limit) ?? [];
  const running = (checksAtOnce + connectionTestsAtOnce * transports) * uncountedOfCheck;
  // What is read is parsed once more by the client: one message at a time, because the process has one thread.
  const parsing = 10 * bytesOfCheck;
  const sum = idle + heldByChecks + heldByTests + running + parsing;
  expect(sum).toBeLessThan(Number(megabytes) * megabyte);
});

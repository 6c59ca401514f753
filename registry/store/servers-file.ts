import * as z from 'zod';
import { parseYaml } from '../../common/files/yaml-file.ts';
import type { ServerSettings } from '../servers/server.ts';
import { registration } from '../servers/server-input.ts';

const file = z.array(registration, 'must be a list of servers').superRefine((servers, ctx) => {
  const seen = new Set<string>();
  for (const [index, entry] of servers.entries()) {
    if (seen.has(entry.name))
      ctx.addIssue({ code: 'custom', path: [index, 'name'], message: `"${entry.name}" is there twice` });
    seen.add(entry.name);
  }
});

/**
 * Reads a servers file: a YAML list of {@link registration}.
 * @throws {ConfigError} with every fault, such as `line 3: [0].upstream: must be an http or https URL …`
 */
export function parseServers(text: string): ServerSettings[] {
  return parseYaml(text, file, { subject: 'The servers file' });
}

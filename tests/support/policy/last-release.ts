import * as z from 'zod';
import { readYaml } from '../../../common/files/yaml-file.ts';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { attempt, ConfigError } from '../../../common/text/config-error.ts';
import type { Policy } from '../../../policy/policy.ts';

// What release 0.2.0 reads of scopes.yml: a copy of its language, which must not follow that of this release.
const name = z.string('must be a name in quotes or plain text').min(1, 'must not be empty');
const pattern = name.regex(/^[^*]*\*?$/, 'may have one * and only at its end, such as get_*');
const patterns = z.union([pattern.transform((p) => [p]), z.array(pattern)], 'must be a list of names');
const objects = patterns.nullish();
const rule = z.strictObject({
  server: pattern,
  methods: patterns,
  tools: objects,
  prompts: objects,
  resources: objects,
});
const file = z
  .object({ group_mappings: z.record(name, z.array(name)), 'UI-Scopes': z.record(name, z.looseObject({})).optional() })
  .catchall(z.array(rule, 'must be a list of rules'));

/** The faults that the last release finds in a policy; none if it can use it. */
export function faultsInLastRelease(text: string): readonly string[] {
  const subject = 'The policy file';
  return attempt(() => {
    const yaml = readYaml(text, { subject, aliases: true });
    const result = file.safeParse(yaml.value);
    if (!result.success) throw new ConfigError(yaml.faults(result.error.issues), subject);
  }).faults;
}

/** A process of the last release that runs: it judges by the last text that it could use, and tells what it could not. */
export function processOfLastRelease(first: string) {
  let inForce = '';
  let faults: readonly string[] = [];
  const take = (text: string): void => {
    faults = faultsInLastRelease(text);
    if (faults.length === 0) inForce = text;
  };
  take(first);
  if (faults.length > 0) throw new ConfigError(faults);
  return { take, faults: () => faults, policy: (): Policy => parsePolicy(inForce) };
}

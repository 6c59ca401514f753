import { resolve } from 'node:path';
import { readConfigFile } from '../../../common/files/config-file.ts';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { editDistance } from '../../../common/settings/notices.ts';
import { settings } from '../../../common/settings/table.ts';
import { attempt } from '../../../common/text/config-error.ts';
import type { Policy } from '../../../policy/policy.ts';
import { readSeed } from '../../../stand-in/pool/seed.ts';
import { CommandError } from '../../command.ts';
import { isEditable, versionInForce } from '../../policy/in-force.ts';
import { type Finding, fail, ok, shown, warn } from '../finding.ts';
import type { PoolSetup, Setup } from '../setup.ts';

/** The policy that the services judge by, what the messages call it, and what is wrong with it. */
export interface CheckedPolicy {
  policy?: Policy;
  name: string;
  findings: Finding[];
}

/** The policy in force: with `POLICY_EDITABLE` the newest version in the database, and otherwise the policy file. */
export async function readPolicy(setup: Setup): Promise<CheckedPolicy> {
  const { env } = setup;
  if (!isEditable(env)) return policyFile(setup);
  const kept = await versionInForce(env).catch((error: unknown) => (error instanceof CommandError ? error : undefined));
  if (!kept || kept instanceof CommandError) {
    const todo = 'if the gateway has not started yet: the policy file becomes the first version';
    const { findings, ...file } = policyFile(setup);
    return { ...file, findings: [warn('policy', kept?.message ?? 'the database cannot be read', todo), ...findings] };
  }
  const name = `version ${kept.number} of the policy`;
  const { value, faults } = attempt(() => parsePolicy(kept.text, Date.now()));
  if (value) return { policy: value, name, findings: [ok('policy', `${name} is in force, in ${shown(kept.where)}`)] };
  const todo = 'this release cannot read it: upgrade, or go back to an older version on the page Access';
  return { name, findings: faults.map((fault) => fail('policy', `${name}: ${shown(fault)}`, todo)) };
}

function policyFile({ root, env }: Setup): CheckedPolicy {
  const file = resolve(root, env.SCOPES_FILE?.trim() || 'scopes.yml');
  const { value, faults } = attempt(() => readConfigFile('SCOPES_FILE', file, parsePolicy));
  const todo = 'correct it; npm run -s scopes:check looks for more';
  const name = 'scopes.yml';
  if (value) return { policy: value, name, findings: [] };
  return { name, findings: faults.map((fault) => fail('policy', fault, todo)) };
}

/**
 * Do people's groups grant anything? The names must be the same in the pool and in the policy. A pool in AWS does not list
 * its groups without AWS credentials, so the known groups are those of `--group` and those of the stand-in's seed.
 */
export function checkGroups(
  { groups, env }: Setup,
  pool: PoolSetup | undefined,
  { policy, name }: { policy: Policy; name: string },
): Finding[] {
  const known = [...policy.source.groups.keys()];
  const asked = groups.filter((group) => !known.includes(group));
  const seedFile = settings.COGNITO_SEED_FILE.schema.parse(env.COGNITO_SEED_FILE?.trim() || undefined);
  const seeded = pool?.standIn === undefined ? [] : readSeed(seedFile).groups.filter((group) => !known.includes(group));
  const todo = `add them to ${name}, or name them there as in the pool`;
  const findings = [
    ...(asked.length > 0 ? [fail('groups', missing(asked, known), todo)] : []),
    ...(seeded.length > 0 ? [warn('groups', missing(seeded, known), todo)] : []),
  ];
  if (findings.length > 0) return findings;
  const listed = shown(known.join(', '));
  return [ok('groups', `${name} knows ${listed}; a person in none of them sees nothing (--group NAME checks one)`)];
}

function missing(groups: readonly string[], known: readonly string[]): string {
  const hint = groups.map((group) => nearest(group, known)).find((name) => name !== undefined);
  const meant = hint === undefined ? '' : ` (did you mean ${hint}?)`;
  return `groups [${shown(groups.join(', '))}] are in no group_mappings entry${meant}`;
}

function nearest(group: string, known: readonly string[]): string | undefined {
  const scored = known.map((name) => ({ name, distance: editDistance(group.toLowerCase(), name.toLowerCase(), 4) }));
  const [first] = scored.sort((a, b) => a.distance - b.distance);
  return first && first.distance <= 4 ? first.name : undefined;
}

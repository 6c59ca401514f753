import { join, resolve } from 'node:path';
import { readConfigFile } from '../../../common/files/config-file.ts';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { editDistance } from '../../../common/settings/notices.ts';
import { attempt } from '../../../common/text/config-error.ts';
import type { Policy } from '../../../policy/policy.ts';
import { readSeed } from '../../../stand-in/pool/seed.ts';
import { type Finding, fail, ok, shown, warn } from '../finding.ts';
import type { PoolSetup, Setup } from '../setup.ts';

/** The policy, or the findings that explain why it cannot be read. */
export function readPolicy({ root, env }: Setup): { policy?: Policy; findings: Finding[] } {
  const file = resolve(root, env.SCOPES_FILE?.trim() || 'scopes.yml');
  const { value, faults } = attempt(() => readConfigFile('SCOPES_FILE', file, parsePolicy));
  const todo = 'correct it; npm run -s scopes:check looks for more';
  return value ? { policy: value, findings: [] } : { findings: faults.map((fault) => fail('policy', fault, todo)) };
}

/**
 * Do people's groups grant anything? The names must be the same in the pool and in the policy. A pool in AWS does not list
 * its groups without AWS credentials, so the known groups are those of `--group` and those of the stand-in's seed.
 */
export function checkGroups({ groups, env, root }: Setup, pool: PoolSetup | undefined, policy: Policy): Finding[] {
  const known = [...policy.source.groups.keys()];
  const asked = groups.filter((group) => !known.includes(group));
  const seedFile = env.COGNITO_SEED_FILE?.trim() || join(root, 'stand-in', 'seed.yml');
  const seeded = pool?.standIn === undefined ? [] : readSeed(seedFile).groups.filter((group) => !known.includes(group));
  const todo = 'add them to scopes.yml, or name them there as in the pool; then people log in again';
  const findings = [
    ...(asked.length > 0 ? [fail('groups', missing(asked, known), todo)] : []),
    ...(seeded.length > 0 ? [warn('groups', missing(seeded, known), todo)] : []),
  ];
  if (findings.length > 0) return findings;
  const names = shown(known.join(', '));
  return [ok('groups', `scopes.yml knows ${names}; a person in none of them sees nothing (--group NAME checks one)`)];
}

function missing(groups: readonly string[], known: readonly string[]): string {
  const hint = groups.map((group) => nearest(group, known)).find((name) => name !== undefined);
  const meant = hint === undefined ? '' : ` (did you mean ${hint}?)`;
  return `groups [${shown(groups.join(', '))}] are in no group_mappings entry${meant}`;
}

function nearest(group: string, known: readonly string[]): string | undefined {
  const scored = known.map((name) => ({ name, distance: editDistance(group.toLowerCase(), name.toLowerCase()) }));
  const [first] = scored.sort((a, b) => a.distance - b.distance);
  return first && first.distance <= 4 ? first.name : undefined;
}

import {
  type CurrentPolicy,
  type JudgedPolicy,
  type PolicyVersions,
  type PolicyVersionText,
  versionsPerPage,
} from '../../common/doors/versions.ts';
import { policyVersion } from '../../common/policy/policy-in-force.ts';
import { DoorRefusal } from '../account/door-answer.ts';
import type { PolicyKeeping } from './keeping.ts';
import { type Editor, whySecond } from './second-editor.ts';

/** The policy in force, a changed file, and the changes that wait for a second editor. */
export async function currentPolicyOf({ watch, kept }: PolicyKeeping): Promise<CurrentPolicy> {
  const none = { editable: false, number: null, drift: null, proposals: [] };
  if (!kept) return { ...none, version: policyVersion(watch.text()), text: watch.text() };
  await kept.inForce.refresh();
  const [drift = null, proposals] = await Promise.all([kept.drift.current(), kept.proposals.list()]);
  const { text, number } = kept.inForce;
  return { editable: true, version: policyVersion(text()), number: number(), text: text(), drift, proposals };
}

/** A page of the history. */
export async function versionsOf({ kept }: PolicyKeeping, before: number | undefined): Promise<PolicyVersions> {
  const found = (await kept?.versions.list(before, versionsPerPage + 1)) ?? [];
  const versions = found.slice(0, versionsPerPage);
  return { versions, next: found.length > versionsPerPage ? (versions.at(-1)?.number ?? null) : null };
}

/**
 * One version with its text, and what it changed.
 * @throws {DoorRefusal} `not_found`
 */
export async function versionOf({ kept, judge }: PolicyKeeping, number: number): Promise<PolicyVersionText> {
  const version = await kept?.versions.get(number);
  if (!version) throw new DoorRefusal(404, 'not_found', `Version ${number} of the policy is not kept.`);
  const parent = version.parent === null ? undefined : await kept?.versions.get(version.parent);
  const found = parent && (await judge(parent.text, version.text));
  const compared = found && 'gains' in found ? found : { differences: [], more: 0 };
  return { ...version, differences: compared.differences, more: compared.more };
}

/** What a text would mean as the policy. */
export async function judgedOf(
  { watch, judge, kept }: PolicyKeeping,
  text: string,
  editor: Editor,
): Promise<JudgedPolicy> {
  const found = await judge(watch.text(), text);
  if (!('gains' in found)) return { faults: [...found.faults], differences: [], more: 0, needsSecond: [] };
  const { differences, more, gains } = found;
  // Those who may change the file may change it alone.
  return { faults: [], differences, more, needsSecond: kept ? whySecond(gains, editor) : [] };
}

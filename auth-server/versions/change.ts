import type * as z from 'zod';
import type {
  ChangedPolicy,
  PolicyConflict,
  PolicyEditor,
  PolicyProposal,
  PolicyVersion,
  policyChange,
  SettleDrift,
  SettledDrift,
  SettledProposal,
} from '../../common/doors/versions.ts';
import { policyVersion } from '../../common/policy/policy-in-force.ts';
import { DoorRefusal } from '../account/door-answer.ts';
import type { PolicyEvent } from '../audit/event.ts';
import { type AuditEvents, actorOf } from '../decisions/events.ts';
import { fullName } from '../people/who.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { Comparison, Judge } from './judge.ts';
import type { KeptPolicy } from './keeping.ts';
import { type Editor, editorGroups, whyNotConfirm, whySecond } from './second-editor.ts';

export interface ChangeDeps {
  kept: KeptPolicy | undefined;
  judge: Judge;
  auditEvents: Pick<AuditEvents, 'policy'>;
}

/** An editor with the session that shows who they are. */
export interface EditorSession extends Editor {
  own: SessionRecord;
}

type Asked = Omit<z.output<typeof policyChange>, 'source'> & { source: PolicyVersion['source'] };

/**
 * Makes a change the policy in force in all processes within a second, or notes it for a second editor.
 * @throws {DoorRefusal} `policy_fixed` without `POLICY_EDITABLE`; `input_invalid` with the faults of the text; `policy_conflict` if
 *   another version is in force than the one that the change was made from
 */
export async function changePolicy(deps: ChangeDeps, editor: EditorSession, asked: Asked): Promise<ChangedPolicy> {
  const { base, text, why, source } = asked;
  const kept = await ready(deps, editor, base);
  const { inForce, versions, proposals } = kept;
  if (text === inForce.text()) throw invalid('It is the policy in force already: it would change nothing.');
  const version = policyVersion(text);
  if (source === 'revert' && !(await versions.has(version, text)))
    throw invalid('It is the text of none of the versions that are kept, so it goes back to none.');
  const compared = await compare(deps, inForce.text(), text);
  const by = editorOf(editor);
  const reasons = whySecond(compared.gains, editor);
  const { differences, more } = compared;
  if (reasons.length > 0) {
    const proposed = await proposals.add({ base, by, why, source, text, reasons, differences, more });
    if (!proposed) throw invalid('As many changes as may wait for a second editor do: confirm or withdraw one first.');
    record(deps, editor, ['policy/propose', proposal(proposed)]);
    return { proposed };
  }
  const applied = await versions.add({ version, parent: base, by, why, source, text });
  if (!applied) throw await conflict(deps, kept, base);
  await inForce.refresh();
  record(deps, editor, ['policy/change', inWords(applied)]);
  return { applied };
}

/**
 * Confirms another editor's change, or withdraws one. Any editor may withdraw one that waits.
 * @throws {DoorRefusal} as {@link changePolicy} does; `not_found` if it does not wait; `not_permitted` if this editor may not
 *   confirm it
 */
export async function settlePolicy(
  deps: ChangeDeps,
  editor: EditorSession,
  id: number,
  act: 'confirm' | 'withdraw',
): Promise<SettledProposal> {
  const found = await deps.kept?.proposals.get(id);
  if (!found) throw gone();
  const kept = await ready(deps, editor, act === 'confirm' ? found.base : undefined);
  if (act === 'withdraw') {
    if (!(await kept.proposals.withdraw(id))) throw gone();
    record(deps, editor, ['policy/withdraw', proposal(found)], found.by);
    return { applied: null };
  }
  const { gains } = await compare(deps, kept.inForce.text(), found.text);
  const refusal = whyNotConfirm(gains, found.by.sub, editor);
  if (refusal !== undefined) {
    record(deps, editor, ['policy/refuse', `${proposal(found)}; ${refusal}`], found.by);
    throw new DoorRefusal(403, 'not_permitted', refusal);
  }
  const applied = await kept.proposals.confirm(id, policyVersion(found.text), editorOf(editor));
  if (applied === 'gone') throw gone();
  if (applied === 'conflict') throw await conflict(deps, kept, found.base);
  await kept.inForce.refresh();
  record(deps, editor, ['policy/confirm', inWords(applied)], found.by);
  return { applied };
}

/**
 * Takes or dismisses a changed policy file. Taking it is a change like any other.
 * @throws {DoorRefusal} as {@link changePolicy} does; `policy_conflict` also if the file is another one now
 */
export async function settleDrift(
  deps: ChangeDeps,
  editor: EditorSession,
  { version, take, base, why }: SettleDrift,
): Promise<SettledDrift> {
  // Without a base, a change that came meanwhile would be undone by it unseen.
  const kept = await ready(deps, editor, take ? base : undefined);
  const drift = await kept.drift.current();
  if (drift?.version !== version) throw await conflict(deps, kept, kept.inForce.number());
  if (!take) {
    await kept.versions.knowFile(version);
    record(deps, editor, ['policy/dismiss', `the policy file, version ${version}`]);
    return { applied: null };
  }
  if (why === undefined) throw invalid('Say in a few words why you take the file.', 'why');
  const { text } = drift;
  return await changePolicy(deps, editor, { base: kept.inForce.number(), text, why, source: 'file' });
}

/**
 * Brings the newest version into force here, and checks what the assertion cannot know: it may be older than that version.
 * @param base the version that has to be in force; undefined for any
 */
async function ready(deps: ChangeDeps, editor: EditorSession, base: number | undefined): Promise<KeptPolicy> {
  const { kept } = deps;
  if (!kept) {
    const message = 'The policy is a file here (POLICY_EDITABLE is off): change the file.';
    throw new DoorRefusal(409, 'policy_fixed', message);
  }
  await kept.inForce.refresh();
  if (!editorGroups(kept.inForce.current()).some((group) => editor.groups.includes(group)))
    throw new DoorRefusal(403, 'not_permitted', 'This takes the permission edit_policy for all.');
  if (base !== undefined && base !== kept.inForce.number()) throw await conflict(deps, kept, base);
  return kept;
}

async function compare({ judge }: ChangeDeps, before: string, after: string): Promise<Comparison> {
  const found = await judge(before, after);
  if ('gains' in found) return found;
  const faults = found.faults.map((message) => ({ path: 'text', message }));
  throw new DoorRefusal(400, 'input_invalid', `This is no policy:\n${found.faults.join('\n')}`, { faults });
}

/** The refusal of a change that was made from another version than the one in force. It says what changed since. */
async function conflict({ judge }: ChangeDeps, { inForce, versions }: KeptPolicy, base: number): Promise<DoorRefusal> {
  await inForce.refresh();
  const before = await versions.get(base);
  const found = before && (await judge(before.text, inForce.text()));
  const { differences, more } = found && 'gains' in found ? found : { differences: [], more: 0 };
  const details: PolicyConflict = { current: inForce.number(), differences, more };
  return new DoorRefusal(409, 'policy_conflict', `Version ${inForce.number()} of the policy is in force.`, details);
}

/** @param of who made the change, if that is another editor */
function record(
  { auditEvents }: ChangeDeps,
  { own, sub }: EditorSession,
  [method, detail]: readonly [PolicyEvent, detail: string],
  of?: PolicyEditor,
): void {
  const about = of && of.sub !== sub && { about: of.sub, about_name: of.name };
  auditEvents.policy(method, actorOf(own), { detail, ...about });
}

function editorOf({ own }: EditorSession) {
  return { sub: own.sub, name: fullName(own) };
}

function inWords({ number, version, parent, source, why }: PolicyVersion): string {
  return `version ${number} (${version}), made from ${parent}, by ${source}: ${why}`;
}

function proposal({ id, base, why }: PolicyProposal): string {
  return `proposal ${id}, made from version ${base}: ${why}`;
}

function invalid(message: string, path = 'text'): DoorRefusal {
  return new DoorRefusal(400, 'input_invalid', message, { faults: [{ path, message }] });
}

function gone(): DoorRefusal {
  return new DoorRefusal(404, 'not_found', 'There is no such change that waits: someone has settled it, perhaps.');
}

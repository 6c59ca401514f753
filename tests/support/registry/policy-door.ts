import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { gainsOf, whySecond } from '../../../auth-server/versions/second-editor.ts';
import type { ReplayAnswer, ReplayRow } from '../../../common/doors/replay.ts';
import type { CurrentPolicy, PolicyProposal, PolicyVersionText } from '../../../common/doors/versions.ts';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { ConfigError } from '../../../common/text/config-error.ts';
import { diff } from '../../../policy/review/diff.ts';
import type { PolicyDoor } from '../../../registry/doors/policy.ts';
import { PolicyConflict, RegistryError } from '../../../registry/errors/registry-error.ts';

/** A policy door that keeps its versions in memory, as the auth-server keeps them. */
export interface MemoryDoor extends PolicyDoor {
  /** The text in force. */
  text(): string;
  /** Another person changes the policy. */
  changeBy(name: string, text: string, why: string): void;
  /** The policy file changes; null for not. */
  drifts(text: string | null): void;
  /** Whether it fails to compare policies, and to change them. */
  isBusy: boolean;
  /** What the next replays answer; undefined: they fail. */
  replays(answer: ReplayAnswer | undefined): void;
}

const mark = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** A row of a replay. */
export const replayRow = (differs: Partial<ReplayRow> = {}): ReplayRow => ({
  ...{ subject: 's-1', name: 'carol', isAgent: false, server: 'notes', method: 'tools/call', object: 'write' },
  ...{
    count: 3,
    last: '2026-11-20T10:00:00.000Z',
    was: 'refused: no rule allows it',
    now: 'allowed',
    record: 'c-0-23',
  },
  ...differs,
});

const noSide = { calls: 0, people: 0, rows: [] };

/** An answer of a replay in which nothing would be answered otherwise. */
export const replayOf = (differs: Partial<ReplayAnswer> = {}): ReplayAnswer => ({
  ...{ from: '2026-11-18T10:00:00.000Z', to: '2026-11-25T10:00:00.000Z', records: 8_117, judged: 8_117 },
  ...{ allowed: noSide, refused: noSide, held: noSide, depends: noSide, cannotTell: [], same: 8_114, milliseconds: 40 },
  ...differs,
});

/** @param editable `POLICY_EDITABLE` */
export function memoryDoor(first: string, { editable = true, now = () => new Date() } = {}): MemoryDoor {
  const system = { sub: 'gateway', name: 'the gateway' };
  const versions: PolicyVersionText[] = [];
  let proposals: PolicyProposal[] = [];
  let drift: string | null = null;
  let replay: ReplayAnswer | undefined = replayOf();
  const add = (text: string, about: Pick<PolicyVersionText, 'by' | 'why' | 'source'> & Partial<PolicyVersionText>) => {
    const parent = versions.at(-1);
    const differences = parent ? diff(parsePolicy(parent.text), parsePolicy(text)) : [];
    const { number = 0 } = parent ?? {};
    const version = {
      number: number + 1,
      version: mark(text),
      parent: parent ? number : null,
      at: now().toISOString(),
    };
    const made: PolicyVersionText = { ...version, text, differences, more: 0, ...about };
    versions.push(made);
    const { text: _, differences: __, more: ___, ...bare } = made;
    return bare;
  };
  add(first, { by: system, why: 'The policy file, when versions began.', source: 'file' });
  const last = () => {
    const version = versions.at(-1);
    if (!version) throw new Error('there is no version');
    return version;
  };
  const editorOf = (assertion: string) => {
    const {
      sub = '',
      username,
      groups,
      scopes,
    } = decodeJwt<{ username: string; groups: string[]; scopes: string[] }>(assertion);
    return { sub, name: username, groups, scopes };
  };
  const judge = (assertion: string, text: string) => {
    try {
      const [before, after] = [parsePolicy(last().text), parsePolicy(text)];
      const differences = diff(before, after);
      const needsSecond = whySecond(gainsOf(before, after, differences), editorOf(assertion));
      return { differences, more: 0, needsSecond, faults: [] as string[] };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { differences: [], more: 0, needsSecond: [], faults: [error.message] };
    }
  };
  const change: PolicyDoor['change'] = async (assertion, { base, text, why, source = 'page' }) => {
    if (!editable) throw new RegistryError('policy_fixed', 'The policy is a file here.');
    if (base !== last().number) {
      const from = versions.find(({ number }) => number === base)?.text ?? last().text;
      const differences = diff(parsePolicy(from), parsePolicy(last().text));
      throw new PolicyConflict({ current: last().number, differences, more: 0 });
    }
    const { differences, needsSecond: reasons } = judge(assertion, text);
    const { sub, name } = editorOf(assertion);
    const about = { by: { sub, name }, why, source };
    if (reasons.length === 0) return { applied: add(text, about) };
    const id = proposals.length + 1;
    const proposed = { id, base, at: now().toISOString(), ...about, text, reasons, differences, more: 0 };
    proposals = [...proposals, proposed];
    return { proposed };
  };
  const current = (): CurrentPolicy => ({
    ...{ editable, version: last().version, number: editable ? last().number : null, text: last().text },
    drift: drift === null ? null : { version: mark(drift), text: drift },
    proposals,
  });
  const door: MemoryDoor = {
    isBusy: false,
    text: () => last().text,
    changeBy: (name, text, why) => void add(text, { by: { sub: name, name }, why, source: 'page' }),
    drifts: (text) => {
      drift = text;
    },
    replays: (answer) => {
      replay = answer;
    },
    current: async () => current(),
    versions: async (_assertion, before = Number.MAX_SAFE_INTEGER) => {
      const older = versions.filter(({ number }) => number < before).toReversed();
      const bare = older.map(({ text: _, differences: __, more: ___, ...version }) => version);
      return { versions: bare.slice(0, 50), next: bare[50] ? (bare[49]?.number ?? null) : null };
    },
    version: async (_assertion, number) => {
      const found = versions.find((version) => version.number === number);
      if (!found) throw new RegistryError('not_found', 'There is no such version.');
      return found;
    },
    judge: async (assertion, text) => {
      if (door.isBusy) throw new RegistryError('policy_unavailable', 'The policy cannot be compared at the moment.');
      return judge(assertion, text);
    },
    change: async (assertion, wanted) => {
      if (door.isBusy) throw new RegistryError('policy_unavailable', 'The policy cannot be compared at the moment.');
      return await change(assertion, wanted);
    },
    settle: async (assertion, id, act) => {
      const proposal = proposals.find((each) => each.id === id);
      if (!proposal) throw new RegistryError('not_found', 'There is no such change.');
      proposals = proposals.filter((each) => each !== proposal);
      if (act === 'withdraw') return { applied: null };
      const { sub, name } = editorOf(assertion);
      const { by, why, source, text } = proposal;
      return { applied: add(text, { by, why, source, confirmedBy: { sub, name } }) };
    },
    drift: async (assertion, { take, base = last().number }) => {
      const text = drift;
      const taken = take && text !== null;
      const made = taken && (await change(assertion, { base, text, why: 'Taken over.', source: 'import' }));
      drift = null;
      return made || { applied: null };
    },
    replay: async () => {
      if (replay) return replay;
      throw new RegistryError('policy_unavailable', 'The policy cannot be read at the moment.');
    },
  };
  return door;
}

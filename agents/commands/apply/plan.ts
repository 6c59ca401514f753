import { isDeepStrictEqual } from 'node:util';
import { isMark, markOf } from '../../../registry/servers/file-mark.ts';
import type { ServerSettings } from '../../../registry/servers/server.ts';
import type { Wanted } from './files.ts';

type Settings = Omit<ServerSettings, 'name' | 'enabled'>;

/** A server or set as the registry has it. */
export interface Present {
  name: string;
  /** With the mark among its tags. Undefined if the caller may not see all of it, and so may not change it. */
  settings: Settings | undefined;
  tags: readonly string[];
  enabled: boolean;
  revision: number;
}

/** One setting that differs. */
export interface Change {
  field: string;
  from: unknown;
  to: unknown;
}

/** What is to be done with one server, or why nothing is. */
export type Step =
  | { action: 'register'; name: string; file: string; settings: ServerSettings }
  | {
      action: 'change';
      name: string;
      file: string;
      revision: number;
      /** All settings that are to be; undefined if only `enabled` differs. */
      settings: Settings | undefined;
      enabled: boolean | undefined;
      changes: Change[];
    }
  | { action: 'delete'; name: string; revision: number }
  | { action: 'refuse'; name: string; file: string; why: string };

export interface PlanOptions {
  /** The name of these files. Servers that they made have the tag `from:<name>`. */
  from: string;
  /** Whether servers without this tag are taken over. */
  adopt: boolean;
  /** Whether servers with this tag that the files do not name are deleted. */
  prune: boolean;
}

/** What has to be done so that the registry has what the files say: servers before sets, and deletions last. Pure. */
export function planFor(wanted: readonly Wanted[], present: readonly Present[], options: PlanOptions) {
  const there = new Map(present.map((each) => [each.name, each]));
  const named = new Set(wanted.map(({ settings }) => settings.name));
  const mark = markOf(options.from);
  const ordered = wanted.toSorted((a, b) => Number(a.settings.members !== null) - Number(b.settings.members !== null));
  const steps = ordered.flatMap((each) => stepFor(each, there.get(each.settings.name), options) ?? []);
  const gone = present.filter(({ name, tags }) => tags.includes(mark) && !named.has(name));
  const doomed = options.prune ? gone.toSorted((a, b) => Number(isSet(b)) - Number(isSet(a))) : [];
  const deletions = doomed.map(({ name, revision }): Step => ({ action: 'delete', name, revision }));
  return {
    steps: [...steps, ...deletions],
    unchanged: wanted.length - steps.length,
    /** Servers that `--prune` would delete. */
    unnamed: options.prune ? [] : gone.map(({ name }) => name),
  };
}

function isSet({ settings }: Present): boolean {
  return (settings?.members ?? null) !== null;
}

function stepFor(
  { file, settings, saysEnabled }: Wanted,
  present: Present | undefined,
  { from, adopt }: PlanOptions,
): Step | undefined {
  const { name, enabled, ...rest } = settings;
  const own = rest.tags.find(isMark);
  const refuse = (why: string): Step => ({ action: 'refuse', name, file, why });
  if (own !== undefined) return refuse(`the tag ${own} is for the command apply: take it out of the file`);
  const wanted: Settings = { ...rest, tags: [...rest.tags, markOf(from)] };
  if (!present) return { action: 'register', name, file, settings: { name, enabled, ...wanted } };
  const marks = present.tags.filter(isMark);
  if (!marks.includes(markOf(from)) && !adopt) {
    const whose = marks.length > 0 ? `belongs to other files (${marks.join(', ')})` : 'was not made by these files';
    return refuse(`${whose}: --adopt takes it over`);
  }
  const { settings: now } = present;
  if (!now) return refuse('you may not change it: this takes modify_service');
  if ((now.members === null) !== (wanted.members === null))
    return refuse('a server cannot become a set, nor a set a server: delete it first');
  const changes = differencesOf(now, wanted);
  const toggles = saysEnabled && enabled !== present.enabled;
  if (changes.length === 0 && !toggles) return undefined;
  const all = toggles ? [...changes, { field: 'enabled', from: present.enabled, to: enabled }] : changes;
  return {
    ...{ action: 'change', name, file, revision: present.revision, changes: all },
    settings: changes.length > 0 ? wanted : undefined,
    enabled: toggles ? enabled : undefined,
  };
}

/** The settings that differ, in the order of the files. */
function differencesOf(now: Settings, wanted: Settings): Change[] {
  const plain = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)));
  return (Object.keys(wanted) as (keyof Settings)[]).flatMap((field) => {
    const [from, to] = [plain(now[field]), plain(wanted[field])];
    return isDeepStrictEqual(from, to) ? [] : [{ field, from, to }];
  });
}

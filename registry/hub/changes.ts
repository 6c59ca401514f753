import { hash } from 'node:crypto';
import type { Policy } from '../../policy/policy.ts';
import type { ApprovedDefinitions } from '../pins/approved-definitions.ts';
import type { RegisteredServer } from '../servers/server.ts';
import type { Health } from '../servers/server-health.ts';
import { isSameAnswer } from './elements.ts';

/** Kinds of lists, as MCP's `notifications/<kind>/list_changed` name them. */
const kinds = ['tools', 'prompts', 'resources'] as const;
type Kind = (typeof kinds)[number];

/** What may have changed in the lists of servers and sets. */
export interface HubChange {
  /** Names of servers and of sets. */
  servers: string[];
  kinds: Kind[];
  /** The policy has changed: any list of any caller may be another. */
  policy?: true;
}

interface Seen {
  server: RegisteredServer;
  health: Health;
  approved: ReadonlyMap<string, string> | undefined;
  digests: Readonly<Record<Kind, string>>;
}

export interface HubChangesOptions {
  servers: () => readonly RegisteredServer[];
  healthOf: (name: string) => Health;
  definitions: Pick<ApprovedDefinitions, 'hashes'>;
  policy: () => Policy;
}

/**
 * Makes a look at what the hub offers: each call tells what has changed since the last one; the first call tells nothing. What a
 * server announces again, or in another order, is no change.
 */
export function createLook({ servers, healthOf, definitions, policy }: HubChangesOptions) {
  let policySeen = policy();
  let seen = new Map<string, Seen>();
  const look = (): HubChange | undefined => {
    const hashes = definitions.hashes();
    const now = new Map(
      servers().map((server) => {
        const approved = hashes.get(server.name)?.approved;
        return [server.name, see(server, healthOf(server.name), approved, seen.get(server.name))] as const;
      }),
    );
    const found = new Map<string, readonly Kind[]>();
    for (const name of new Set([...seen.keys(), ...now.keys()])) {
      const changed = changedKinds(seen.get(name), now.get(name));
      if (changed.length > 0) found.set(name, changed);
    }
    const isNewPolicy = policy() !== policySeen;
    [seen, policySeen] = [now, policy()];
    if (found.size === 0 && !isNewPolicy) return undefined;
    const all = new Set([...found.values()].flat());
    const change = { servers: [...found.keys()].sort(), kinds: kinds.filter((kind) => all.has(kind)) };
    return isNewPolicy ? { ...change, policy: true } : change;
  };
  look();
  return look;
}

function see(
  server: RegisteredServer,
  health: Health,
  approved: ReadonlyMap<string, string> | undefined,
  last: Seen | undefined,
): Seen {
  if (last && isSameAnswer(last.health, health) && last.approved === approved) return { ...last, server, health };
  const announced = health.details?.announced;
  const digests = {
    tools: digestOf(health.tools.map(({ name }) => [name, approved?.get(name)])),
    prompts: digestOf(announced?.prompts ?? []),
    resources: digestOf([...(announced?.resources ?? []), ...(announced?.resourceTemplates ?? [])]),
  };
  return { server, health, approved, digests };
}

/** Without the order: some servers list in another one each time. */
function digestOf(items: readonly unknown[]): string {
  return hash(
    'sha256',
    items
      .map((item) => JSON.stringify(item))
      .toSorted()
      .join('\n'),
  );
}

function changedKinds(before: Seen | undefined, after: Seen | undefined): readonly Kind[] {
  if (!before || !after) return kinds;
  const isOther = before.server.enabled !== after.server.enabled || settingsOf(before) !== settingsOf(after);
  return isOther ? kinds : kinds.filter((kind) => before.digests[kind] !== after.digests[kind]);
}

function settingsOf({ server }: Seen): string {
  return JSON.stringify([server.members, server.may]);
}

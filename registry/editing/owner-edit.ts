import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import { mayDisable, mayEnable, owns } from '../access/ownership.ts';
import { requireRight } from '../access/permissions.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { type RegisteredServer, type ServerSettings, settingsOf } from '../servers/server.ts';
import { differences } from '../store/change-log.ts';
import type { Step } from './apply.ts';

/** A change of a server that is there. */
type EditStep = Step & { before: RegisteredServer; next: ServerSettings };

/**
 * The change that an edit makes. Its owner may change the words of a server. Any other change disables it until a person with
 * `modify_service` enables it: its name has the trust of its callers. The store forgets its tools then.
 */
export function editBy(policy: Policy, person: Person, before: RegisteredServer, next: ServerSettings): EditStep {
  const step = { name: before.name, before, next, action: 'edit' } as const;
  if (mayUseUi(policy, person.scopes, 'modify_service', before.name) || isOnlyWords(before, next)) return step;
  return { ...step, next: { ...next, enabled: false }, standing: { awaits: true } };
}

const words: ReadonlySet<string> = new Set<keyof ServerSettings>([
  'title',
  'description',
  'tags',
  'version',
  'repository',
  'license',
  'icons',
]);

function isOnlyWords(before: RegisteredServer, next: ServerSettings): boolean {
  return Object.keys(differences(settingsOf(before), next)).every((field) => words.has(field));
}

/** The warning to an owner whose change waits. */
export function waitsForALook({ title }: RegisteredServer): string {
  return `“${title}” is disabled until a person with modify_service for it has looked at your change and enables it.`;
}

/**
 * Requires that a person may enable or disable a server.
 * @throws {RegistryError} `not_found` or `not_permitted`
 */
export function requireToggle(
  policy: Policy,
  person: Person,
  name: string,
  server: RegisteredServer | undefined,
  enabled: boolean,
): void {
  if (server && (enabled ? mayEnable : mayDisable)(policy, person, server)) return;
  if (!server || !owns(policy, person, server)) requireRight(policy, person, 'toggle_service', name);
  if (server) throw notEnabled(server);
}

/** The refusal to enable a server that waits, or that another person has disabled. */
function notEnabled({ title, awaits, name }: RegisteredServer): RegistryError {
  const why = awaits ? 'its owner has changed where it is or what it gets' : 'another person has disabled it';
  const who = awaits ? 'modify_service and toggle_service' : 'toggle_service';
  const message = `“${title}” cannot be enabled by you: ${why}. A person with ${who} for "${name}" can look at it and enable it.`;
  return new RegistryError('not_permitted', message);
}

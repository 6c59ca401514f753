import { isServerName } from '../../../policy/names.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import { freeName, plainName } from '../../import/names.ts';
import { isFixedName } from '../../servers/names.ts';
import type { ServerStore } from '../../store/servers.ts';

/** Which names a person may give to a new server. */
export interface OwnNames {
  isTaken: (name: string) => boolean;
  mayHave: (name: string) => boolean;
  /** What all names begin with that the policy lets this person register: `team-` for `team-*`. */
  prefixes: readonly string[];
}

/** The names that `person` may register, by the policy and by what is registered. */
export function ownNames(policy: Policy, store: Pick<ServerStore, 'get'>, { scopes }: Person): OwnNames {
  const patterns = scopes.flatMap((scope) => policy.source.ui.get(scope)?.get('register_service') ?? []);
  return {
    isTaken: (name) => store.get(name) !== undefined,
    mayHave: (name) => isServerName(name) && !isFixedName(name) && mayUseUi(policy, scopes, 'register_service', name),
    prefixes: patterns.filter((pattern) => /^.+\*$/.test(pattern)).map((pattern) => pattern.slice(0, -1)),
  };
}

/**
 * A free name like `name`: `name` itself, else with what the person's names begin with, or the server's domain
 * (`team-notes`), else with a number.
 * @param upstream the server's address
 * @returns undefined if the person may register none of these
 */
export function freeNameLike(
  name: string,
  upstream: string,
  { isTaken, mayHave, prefixes }: OwnNames,
): string | undefined {
  const before = [...prefixes, ...domainOf(upstream).map((label) => `${label}-`)];
  const [first, ...others] = [name, ...before.map((prefix) => `${prefix}${name}`)].filter(mayHave);
  if (first === undefined) return undefined;
  const free = freeName([first, ...others], isTaken);
  return mayHave(free) ? free : undefined;
}

/** The fault of a name that is taken; undefined if it is free. */
export function takenFault(name: string, upstream: string, names: OwnNames): string | undefined {
  if (!names.isTaken(name)) return undefined;
  const free = freeNameLike(name, upstream, names);
  return `There is a server "${name}" already. ${free === undefined ? 'Choose another name.' : `Try ${free}.`}`;
}

/** The labels of an address that name someone: `team` of `notes.team.example`. None of an IP address. */
function domainOf(upstream: string): string[] {
  return labelsOf(upstream).slice(1);
}

/** The host's own name, as a name: `notes` of `notes.team.example`; empty if it has none. */
export function hostNameOf(upstream: string): string {
  return labelsOf(upstream)[0] ?? '';
}

function labelsOf(upstream: string): string[] {
  const { hostname = '' } = URL.parse(upstream.trim()) ?? {};
  if (/^[\d.]+$|[:[]|^localhost$/.test(hostname)) return [];
  const labels = hostname.split('.');
  return (labels.length > 1 ? labels.slice(0, -1) : labels).map(plainName).filter((label) => label.length > 0);
}

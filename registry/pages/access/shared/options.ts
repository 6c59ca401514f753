import type { Request } from 'express';
import type { KnownTools } from '../../../../policy/known-tools.ts';
import type { Policy } from '../../../../policy/policy.ts';
import type { Catalogue } from '../../../access/catalogue.ts';
import { requireEditPolicy } from '../../../access/edit-policy.ts';
import { type Person, personOf } from '../../../access/guards.ts';
import type { PeopleDoor } from '../../../doors/people.ts';
import type { PolicyDoor } from '../../../doors/policy.ts';
import type { SeenDoor } from '../../../doors/seen.ts';
import { RegistryError } from '../../../errors/registry-error.ts';
import type { ApprovedDefinitions } from '../../../pins/approved-definitions.ts';
import type { Requests } from '../../../requests/requests.ts';
import type { Notes } from '../../shared/notes.ts';
import type { Render } from '../../shared/render.ts';

/** What the pages of access are made of. */
export interface AccessOptions {
  publicUrl: string;
  catalogue: Catalogue;
  policy: () => Policy;
  knownTools: () => KnownTools;
  policyDoor: PolicyDoor;
  requests: Pick<Requests, 'find' | 'open' | 'answer'>;
  seen: SeenDoor;
  people: Pick<PeopleDoor, 'people'>;
  definitions: Pick<ApprovedDefinitions, 'hashes'>;
  /** The hash of a server's icon, if this registry has it. */
  iconOf: (server: string) => string | undefined;
  render: Render;
  notes: Notes;
  now: () => Date;
}

/** A person who may change the policy, with the assertion that the auth-server judges by. */
export interface Editor {
  person: Person;
  assertion: string;
}

/** @throws {RegistryError} `not_permitted` unless the person may change the policy */
export function editorOf({ policy }: Pick<AccessOptions, 'policy'>, req: Request): Editor {
  const person = personOf(req);
  requireEditPolicy(policy(), person);
  return { person, assertion: req.get('x-mcp-assertion') ?? '' };
}

/** What a question says, or undefined where the auth-server does not answer: a part of the page is then left out. */
export async function orNothing<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof RegistryError && error.code !== 'internal_error') return undefined;
    throw error;
  }
}

/** How many people of these groups were seen; undefined where that is not known. */
export async function seenOf(
  { seen }: Pick<AccessOptions, 'seen'>,
  assertion: string,
  groups: Iterable<string>,
): Promise<ReadonlyMap<string, number> | undefined> {
  const named = [...new Set(groups)].slice(0, mostGroups);
  return named.length > 0 ? await orNothing(seen.seenIn(assertion, named)) : new Map();
}

/** As many as the auth-server counts at a time. */
const mostGroups = 200;

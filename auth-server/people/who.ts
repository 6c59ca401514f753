import type { OAuthClient } from '../cognito/oauth-client.ts';
import { sameSubjects } from '../cognito/providers.ts';
import type { PersonAt, SessionRecord } from '../store/session-record.ts';

type Providers = ReadonlyMap<string, OAuthClient>;

/** For each provider the one that stands for all with its subjects: the first of them. */
export function homesOf(providers: Providers): ReadonlyMap<string, string> {
  return new Map([...providers.keys()].map((name) => [name, homeOf(providers, name)]));
}

export function homeOf(providers: Providers, name: string): string {
  return sameSubjects(providers, name)[0] ?? name;
}

/** The name of a person in addresses: by subject, because names may change and two people may have the same one. */
export function idOfPerson({ home, sub }: { home: string; sub: string }): string {
  return Buffer.from(`${home} ${sub}`).toString('base64url');
}

/** @returns undefined for what {@link idOfPerson} has not made */
export function personOfId(providers: Providers, id: string): PersonAt | undefined {
  const [home = '', ...rest] = Buffer.from(id, 'base64url').toString().split(' ');
  const sub = rest.join(' ');
  if (sub === '' || idOfPerson({ home, sub }) !== id) return undefined;
  return { providers: sameSubjects(providers, home), sub };
}

/** The name to show of a person. Two people may choose the same one, so the user name stands behind it. */
export function fullName({ username, shownName }: Pick<SessionRecord, 'username' | 'shownName'>): string {
  return shownName === undefined ? username : `${shownName} (${username})`;
}

import { hubName, renameNeeded } from '../../names.ts';
import { type PolicySource, wildcard } from '../../policy.ts';

/**
 * The parts of a policy that name a server whose name no server may have any more. Rules for the hub open `/mcp`. Pure.
 * @returns where each is, the name, and what to do
 */
export function unusableNames({ scopes, ui }: PolicySource): { at: string; server: string; todo: string }[] {
  const named = [
    ...[...scopes.values()].flat().filter(({ server }) => server !== hubName),
    ...[...ui].flatMap(([scope, grants]) =>
      [...grants].flatMap(([permission, names]) =>
        names.map((server) => ({ at: `UI-Scopes.${scope}.${permission}`, server })),
      ),
    ),
  ];
  return named.flatMap(({ at, server }) => {
    const todo = wildcard(server).endsWith('*') ? undefined : renameNeeded(server);
    return todo ? [{ at, server, todo }] : [];
  });
}

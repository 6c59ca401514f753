import { jwtVerify } from 'jose';
import * as z from 'zod';
import { purposeKey } from '../../../common/identity/purpose-key.ts';
import { type Policy, wildcard } from '../../../policy/policy.ts';
import { type UiPermission, uiPermissions } from '../../../policy/ui.ts';
import { AuthError } from '../../denials/auth-error.ts';
import { texts } from '../../denials/texts.ts';

const audience = 'local session';
const longestSeconds = 8 * 3600;
const claims = z.object({
  sub: z.string().min(1).max(200),
  username: z.string().min(1).max(200),
  groups: z.array(z.string()),
  iat: z.number(),
  exp: z.number(),
});

/**
 * A session cookie that was signed locally with `SECRET_KEY`, without a login and without a record. `iat` and `exp` are in
 * seconds since 1970, at most eight hours apart.
 */
export type LocalSession = z.output<typeof claims>;

export type LocalSessions = ReturnType<typeof createLocalSessions>;

/**
 * Opens locally signed sessions; only if `ALLOW_LOCAL_SESSIONS` is on.
 * @param secretKeys `SECRET_KEY`; each derives a key for this purpose only, so that no other cookie is accepted
 */
export function createLocalSessions(secretKeys: readonly string[], policy: () => Policy) {
  const keys = secretKeys.map((key) => purposeKey(key, audience));
  return {
    /** @throws {AuthError} session_invalid if one of the groups is of administrators, as the policy is now */
    refuseAdministrators: (groups: readonly string[]) => refuseAdministrators(policy(), groups),
    /**
     * @returns undefined if the cookie is not a locally signed session
     * @throws {AuthError} session_invalid if it is not allowed: too long, or of an administrator
     */
    async open(value: string): Promise<LocalSession | undefined> {
      for (const key of keys) {
        const options = { audience, algorithms: ['HS256'], requiredClaims: ['exp', 'iat'] };
        const verified = await jwtVerify(value, key, options).catch(() => undefined);
        if (verified) return check(policy(), claims.safeParse(verified.payload).data);
      }
      return undefined;
    },
  };
}

function check(policy: Policy, session: LocalSession | undefined): LocalSession {
  if (!session) throw refused('it needs sub, username and groups');
  const { iat, exp, groups } = session;
  if (exp - iat > longestSeconds || iat > Date.now() / 1000 + 60) throw refused('it may last eight hours at most');
  refuseAdministrators(policy, groups);
  return session;
}

function refuseAdministrators(policy: Policy, groups: readonly string[]): void {
  if (groups.some((group) => isAdminGroup(policy, group)))
    throw refused('it names a group of administrators; log in at the identity provider');
}

function refused(why: string): AuthError {
  return new AuthError('session_invalid', texts.local_session_invalid(why));
}

/** What every user of a gateway may have. All else is for administrators, also what is new. */
const ordinary: ReadonlySet<UiPermission> = new Set(['list_service', 'health_check_service']);
const administering = uiPermissions.filter((permission) => !ordinary.has(permission));

/** Whether a group may do more in the registry than look at every server, or everything on every MCP server. */
export function isAdminGroup({ source }: Policy, group: string): boolean {
  const isAll = (names: readonly string[] = []) => names.some((name) => wildcard(name) === '*');
  return (source.groups.get(group) ?? []).some(
    (scope) =>
      administering.some((permission) => isAll(source.ui.get(scope)?.get(permission))) ||
      (source.scopes.get(scope) ?? []).some(({ server, methods }) => isAll([server]) && isAll(methods)),
  );
}

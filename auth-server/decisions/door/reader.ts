import type { Request } from 'express';
import * as z from 'zod';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi } from '../../../policy/ui.ts';
import type { Actor } from '../../audit/event.ts';
import type { Audit } from '../../audit/thread/audit.ts';
import type { Visible } from '../../audit/visible.ts';
import type { AssertionSigner } from '../../identity/assertion.ts';
import { readRegistryAssertion } from '../../identity/registry-assertion.ts';
import type { SessionStore } from '../../store/session.ts';

/** Who reads the audit, as a record names them, with the scopes that say what they may see. */
export interface AuditReader {
  actor: Actor;
  scopes: readonly string[];
}

const claims = z.object({
  sub: z.string(),
  username: z.string(),
  shown_name: z.string().optional(),
  scopes: z.array(z.string()),
  auth_method: z.enum(['session_cookie', 'jwt']),
  sid: z.string().optional(),
});

/** What readers are known by. */
export interface ReaderDeps {
  publicUrl: string;
  assertions: AssertionSigner;
  /** Their sessions say from which address they read. */
  sessions: Pick<SessionStore, 'find'>;
}

/** Reads the assertion that was issued for a person and the registry. @returns undefined if there is no good one */
export async function readerOf(deps: ReaderDeps, req: Request): Promise<AuditReader | undefined> {
  const payload = claims.safeParse(await readRegistryAssertion(deps, req.get('x-mcp-assertion'))).data;
  if (!payload) return undefined;
  const { sub: subject, username, shown_name, scopes, auth_method, sid } = payload;
  const session = sid === undefined ? undefined : await deps.sessions.find(sid).catch(() => undefined);
  const optional = { shown_name, address: session?.usedAddress };
  return { actor: { subject, username, auth_method, ...optional }, scopes };
}

/**
 * What a reader may see by a permission: records about the servers that it names, and with `all` also those about the registry
 * and about no server.
 * @throws what the database threw
 */
export async function visibleTo(
  { audit, policy }: { audit: Pick<Audit, 'ask'>; policy: () => Policy },
  { scopes }: AuditReader,
  permission: 'view_audit' | 'export_audit' = 'view_audit',
): Promise<Visible> {
  if (mayUseUi(policy(), scopes, permission, '#registry')) return { servers: 'all' };
  const servers = await audit.ask('servers', {});
  return { servers: servers.filter((server) => mayUseUi(policy(), scopes, permission, server)) };
}

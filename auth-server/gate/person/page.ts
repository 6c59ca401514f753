import { randomUUID } from 'node:crypto';
import type { PageForm } from '../../../common/identity/ticket.ts';
import { firstVersion, mayAsk } from '../../../policy/request/client-pages.ts';
import type { McpRequest } from '../../../policy/request/mcp-request.ts';
import type { RequestId } from '../../../policy/request/request-id.ts';
import { AuthError } from '../../denials/auth-error.ts';
import type { AuthErrorCode } from '../../denials/codes.ts';
import type { Principal } from '../../identity/principal.ts';
import type { McpTarget, OriginalRequest } from '../../request/original-request.ts';
import type { Binding } from '../../store/binding.ts';

/** The code of an error with which a server asks for pages to be opened (MCP 2025-11-25, "URL Elicitation Required"). */
const pagesRequired = -32_042;

/** A client's request, and what is known of the client. */
export interface ClientAsking {
  principal: Principal;
  target: McpTarget;
  asked: McpRequest;
  /** The version that the client says in a header. */
  version: OriginalRequest['mcp']['protocolVersion'];
  session: Binding | undefined;
}

/**
 * How this client can be told to open a page, if at all. A broker asks its own client, in that one's way.
 * @param wasAsked whether its person has been asked a moment ago: once more would be a page for each repetition
 */
export function pageFormFor({ principal, target, asked, version, session }: ClientAsking, wasAsked: boolean): PageForm {
  if (principal.delegated || target.endpoint !== 'mcp' || wasAsked) return 'text';
  if (asked.isModern) return asked.opensPages && mayAsk.has(asked.method) ? 'input_required' : 'text';
  const isKnown = asked.opensPages ?? session?.opensPages ?? false;
  return isKnown && (version ?? firstVersion) >= firstVersion ? 'error' : 'text';
}

/**
 * A denial with a page of ours for the client's person.
 * @param page its address, the sentence beside it, and the key under which a client of MCP 2026-07-28 answers
 * @param text the sentence with the address, for clients that open no pages
 * @param data what says the address to these
 */
export function pageDenial(
  code: AuthErrorCode,
  text: string,
  { url, message, key }: { url: string; message: string; key: string },
  { form, id, data }: { form: PageForm; id: RequestId | undefined; data: object },
): AuthError {
  const page = { mode: 'url', url, message } as const;
  if (form === 'input_required') {
    const inputRequests = { [key]: { method: 'elicitation/create', params: page } };
    return new AuthError(code, text, { id, result: { resultType: 'input_required', inputRequests } });
  }
  const elicitations = [{ ...page, elicitationId: randomUUID() }];
  if (form === 'error') return new AuthError(code, text, { id, rpcCode: pagesRequired, data: { elicitations } });
  return new AuthError(code, text, { id, data });
}

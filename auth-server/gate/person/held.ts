import type { McpRequest } from '../../../policy/request/mcp-request.ts';
import { AuthError } from '../../denials/auth-error.ts';
import { texts } from '../../denials/texts.ts';
import { canonicalCall, longestHeldCall } from '../../holds/canonical-call.ts';
import type { HeldCall } from '../../holds/held-call.ts';
import type { Principal } from '../../identity/principal.ts';
import type { McpTarget } from '../../request/original-request.ts';
import { ownerOf } from '../relay-ticket.ts';

interface Definitions {
  /** The hash of the definition that was last approved, if it is known. */
  find(server: string, tool: string): string | undefined;
}

/**
 * The call that takes an approval, with everything that the approval is bound to.
 * @param body the request's
 * @throws {AuthError} approval_needed for a call that is too large to be held
 */
export function heldCall(
  definitions: Definitions,
  principal: Principal,
  { server }: Pick<McpTarget, 'server'>,
  { id, accesses }: Pick<McpRequest, 'id' | 'accesses'>,
  body: Uint8Array,
): HeldCall {
  const tool = accesses[0].object?.name ?? '';
  const tooLarge = () => new AuthError('approval_needed', texts.approval_too_large(shownTool(tool), server), { id });
  if (body.length > longestBody) throw tooLarge();
  const call = canonicalCall(body);
  if (Buffer.byteLength(call.text) > longestHeldCall) throw tooLarge();
  const { username, shownName } = principal;
  return {
    ...call,
    ...{ owner: ownerOf(principal), username, shownName, server, tool },
    client: clientOf(principal),
    definition: definitions.find(server, tool),
  };
}

const longestClient = 200;
/** A longer body takes long to spell, and has more than escapes, `_meta` and what the server asked beside a call that can be held. */
const longestBody = 16 * longestHeldCall;

/** A tool's name, short enough for a message. */
export function shownTool(tool: string): string {
  return tool.slice(0, 128);
}

function clientOf({ program, clientId, delegated }: Principal): string | undefined {
  const name = program?.name ?? program?.id ?? clientId;
  const via = delegated && `through ${delegated.via}`;
  return name === undefined && via === undefined
    ? undefined
    : [name?.slice(0, longestClient), via].filter((each) => each !== undefined).join(', ');
}

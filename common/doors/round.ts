import { hash } from 'node:crypto';

/**
 * Names the round of a call that a server has answered with a question (MCP 2026-07-28, `input_required`): the digest of what it
 * gave the client to go on with.
 * @param requestState undefined if it gave nothing
 */
export function roundDigest(requestState: string | undefined): string {
  return hash('sha256', `round ${requestState ?? ''}`, 'base64url');
}

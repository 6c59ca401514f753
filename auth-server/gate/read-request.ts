import type { IncomingMessage } from 'node:http';
import { type McpRequest, readMcpRequest } from '../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../policy/request/refused-request.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { McpTarget, OriginalRequest } from '../request/original-request.ts';

/**
 * Reads what an MCP request asks for, from the body and the headers that the gate passed on.
 * @param maxBody largest body in bytes
 * @throws {AuthError} body_unseen, body_too_large, method_not_allowed or request_refused
 */
export async function readRequest(
  req: IncomingMessage,
  { mcp, method: httpMethod }: OriginalRequest,
  { endpoint }: McpTarget,
  maxBody: number,
): Promise<McpRequest> {
  const body = await readBody(req, maxBody);
  // nginx sends a POST for a POST. This is a proxy that does not pass bodies on.
  if (httpMethod === 'POST' && req.method === 'GET' && body.length === 0) {
    throw new AuthError('body_unseen', texts.body_unseen);
  }
  const { method: mcpMethod, name: mcpName, protocolVersion } = mcp;
  try {
    return readMcpRequest({ httpMethod, endpoint, body, mcpMethod, mcpName, protocolVersion });
  } catch (error) {
    if (!(error instanceof RefusedRequest)) throw error;
    const message = texts.request_refused(error.message);
    if (error.status === 405) throw new AuthError('method_not_allowed', message, { allow: error.allow });
    throw new AuthError('request_refused', message, { rpcCode: error.rpcCode, id: error.id });
  }
}

/** By events: `for await` takes several times as long as everything else that is done to a body. */
function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('error', reject);
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // Past the limit, read on and drop: a sender that is cut off in the middle of a body never reads the answer.
      if (size <= limit) chunks.push(chunk);
      else reject(new AuthError('body_too_large', texts.body_too_large(limit)));
    });
    req.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
  });
}

import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type McpRequest, readMcpRequest } from '../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../policy/request/refused-request.ts';
import { AuthError } from '../denials/auth-error.ts';
import { meanings } from '../denials/codes.ts';
import { texts } from '../denials/texts.ts';
import type { ReceivedBody } from '../limits/bodies.ts';
import type { McpTarget, OriginalRequest } from '../request/original-request.ts';
import { readInSteps } from '../request/read-in-steps.ts';

/** How long a caller waits whose heavy bodies have used up their time. Less than the deadline of a decision. */
const overdrawnMilliseconds = 800;

/**
 * Reads what an MCP request asks for, from the body and the headers that the gate passed on. Returns the body too: keep it only
 * while it is judged.
 * @param received counts the body
 * @throws {AuthError} body_unseen, body_too_large, too_busy, too_many_requests, method_not_allowed, request_refused,
 * params_invalid or method_unknown
 */
export async function readRequest(
  req: IncomingMessage,
  { mcp, method: httpMethod }: OriginalRequest,
  { endpoint }: McpTarget,
  received: ReceivedBody,
): Promise<{ asked: McpRequest; body: Buffer }> {
  const { method: mcpMethod, name: mcpName, protocolVersion } = mcp;
  try {
    const body = await readBody(req, received);
    // nginx sends a POST for a POST. This is a proxy that does not pass bodies on.
    if (httpMethod === 'POST' && req.method === 'GET' && body.length === 0) {
      throw new AuthError('body_unseen', texts.body_unseen);
    }
    const raw = { httpMethod, endpoint, body, mcpMethod, mcpName, protocolVersion };
    // Turns of the event loop would cost an ordinary request more than it takes to read.
    const asked = received.isHeavy()
      ? await received.judgeInSteps(readInSteps(raw))
      : received.judge(() => readMcpRequest(raw));
    return { asked, body };
  } catch (error) {
    // Late, because a body costs time even when it is dropped: a caller who sends the next one at once would use more.
    if (error instanceof AuthError && error.code === 'too_many_requests') await sleep(overdrawnMilliseconds);
    if (!(error instanceof RefusedRequest)) throw error;
    const message = texts.request_refused(error.message);
    if (error.status === 405) throw new AuthError('method_not_allowed', message, { allow: error.allow });
    const { rpcCode, id } = error;
    // Only of a client of 2026-07-28, for which MCP has no longer the method.
    if (rpcCode === meanings.method_unknown.rpcCode)
      throw new AuthError('method_unknown', message, { id, isModern: true });
    const code = rpcCode === meanings.params_invalid.rpcCode ? 'params_invalid' : 'request_refused';
    throw new AuthError(code, message, { rpcCode, id });
  }
}

/** By events: `for await` takes several times as long as everything else that is done to a body. */
function readBody(req: IncomingMessage, received: ReceivedBody): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    // After a refusal, read on and drop: a sender that is cut off in the middle of a body never reads the answer.
    const drop = () => undefined;
    const keep = (chunk: Buffer) => {
      try {
        received.add(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        chunks.length = 0;
        received.release();
        req.off('data', keep).on('data', drop);
        reject(error);
      }
    };
    req.on('error', reject);
    req.on('data', keep);
    req.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
  });
}

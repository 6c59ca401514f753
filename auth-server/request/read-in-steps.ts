import { type McpRequest, type RawMcpRequest, readMcpRequest } from '../../policy/request/mcp-request.ts';
import { strictJsonSteps, UnreadableBody } from '../../policy/request/strict-json.ts';

/**
 * {@link readMcpRequest} for large bodies, in steps between which others get their turn. Its result and its errors are the same.
 * @throws {RefusedRequest} from one of the steps
 */
export function* readInSteps(raw: RawMcpRequest): Generator<undefined, McpRequest> {
  // Of other methods nothing is parsed.
  if (raw.httpMethod !== 'POST') return readMcpRequest(raw);
  const parsed = yield* parseInSteps(raw.body);
  yield;
  return readMcpRequest({ ...raw, parsed });
}

/** @returns what gives the value, or throws the error, when `readMcpRequest` has come so far */
function* parseInSteps(body: Uint8Array): Generator<undefined, () => unknown> {
  try {
    const value = yield* strictJsonSteps(body);
    return () => value;
  } catch (error) {
    if (!(error instanceof UnreadableBody)) throw error;
    return () => {
      throw error;
    };
  }
}

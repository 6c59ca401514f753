import { type McpRequest, type RawMcpRequest, readMcpRequest } from '../../policy/request/mcp-request.ts';
import { inexactNumberSteps } from '../../policy/request/number-as-written.ts';
import { strictJsonSteps, UnreadableBody } from '../../policy/request/strict-json.ts';

/**
 * {@link readMcpRequest} for large bodies, in steps between which others get their turn. Its result and its errors are the same.
 * @throws {RefusedRequest} from one of the steps
 */
export function* readInSteps(raw: RawMcpRequest): Generator<undefined, McpRequest> {
  // Of other methods nothing is parsed.
  if (raw.httpMethod !== 'POST') return readMcpRequest(raw);
  const { parsed, isCall } = yield* parseInSteps(raw.body);
  yield;
  if (!isCall) return readMcpRequest({ ...raw, parsed });
  const inexact = yield* inexactNumberSteps(raw.body);
  yield;
  return readMcpRequest({ ...raw, parsed, inexact });
}

interface Parsed {
  /** Gives the value, or throws the error, when `readMcpRequest` has come so far. */
  parsed: () => unknown;
  /** Whether it may be a call of a tool, of which arguments are judged. */
  isCall: boolean;
}

function* parseInSteps(body: Uint8Array): Generator<undefined, Parsed> {
  try {
    const value = yield* strictJsonSteps(body);
    const isCall = (value as { method?: unknown } | null)?.method === 'tools/call';
    return { parsed: () => value, isCall };
  } catch (error) {
    if (!(error instanceof UnreadableBody)) throw error;
    const parsed = () => {
      throw error;
    };
    return { parsed, isCall: false };
  }
}

import { type Access, readMcpRequest, unknownArguments } from '../request/mcp-request.ts';
import { RefusedRequest } from '../request/refused-request.ts';

/**
 * The access that a call of a tool asks for, read as the gate reads a request. Pure.
 * @param json the arguments as JSON text; undefined if they are not known
 * @throws {RefusedRequest} if the gate would refuse such a request before it asks the policy, or they are no JSON object
 */
export function readAskedCall(tool: string, json: string | undefined): Access {
  const object = { kind: 'tool', name: tool } as const;
  if (json === undefined) return { method: 'tools/call', object, arguments: unknownArguments };
  if (!isJsonObject(json)) throw new RefusedRequest('the arguments must be a JSON object, such as {"repo": "acme/x"}');
  const params = `{"name":${JSON.stringify(tool)},"arguments":${json}}`;
  const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
  return readMcpRequest({ httpMethod: 'POST', endpoint: 'mcp', body }).accesses[0];
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

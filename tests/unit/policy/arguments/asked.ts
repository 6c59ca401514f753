import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { decide } from '../../../../policy/decide.ts';
import { readMcpRequest } from '../../../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../../../policy/request/refused-request.ts';

/** A request to call the tool `t`, as a client sends it. @param given the arguments, as JSON text; undefined for none */
function bodyOf(given: string | undefined): Buffer {
  const params = given === undefined ? '{"name":"t"}' : `{"name":"t","arguments":${given}}`;
  return Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
}

/** A policy with one rule for the tool `t`. @param entry the rest of its entry in `tools`, as YAML in braces */
export function policyFor(entry: string) {
  return parsePolicy(
    `group_mappings: {g: [s]}\ns: [{server: a, methods: [tools/call], tools: [{name: t, ${entry}}]}]\n`,
  );
}

/**
 * What the gate says to a call of the tool `t`: `allowed`, the name of the argument that is refused, another reason, or
 * `unreadable` if it refuses the request itself.
 */
export function ask(entry: string, given: string | undefined): string {
  try {
    const { accesses } = readMcpRequest({ httpMethod: 'POST', endpoint: 'mcp', body: bodyOf(given) });
    const decision = decide(policyFor(entry), ['s'], 'a', accesses);
    if (decision.allowed) return 'allowed';
    return decision.reason === 'argument_not_allowed' ? `not ${decision.argument}` : decision.reason;
  } catch (error) {
    if (error instanceof RefusedRequest) return 'unreadable';
    throw error;
  }
}

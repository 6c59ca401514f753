import type { Access } from '../../policy/request/mcp-request.ts';
import { kindsOf, methods, type ObjectKind } from '../../policy/request/methods.ts';
import { RefusedRequest } from '../../policy/request/refused-request.ts';
import { readAskedCall } from '../../policy/review/asked-call.ts';
import { CommandError } from '../command.ts';

type Asked = Partial<Record<'method' | 'arguments' | ObjectKind, string | undefined>>;

const kinds: readonly ObjectKind[] = ['tool', 'prompt', 'resource'];
const usual = { tool: 'tools/call', prompt: 'prompts/get', resource: 'resources/read' } as const;

/**
 * The access that the options describe, as a request would ask for it.
 * @throws {CommandError} for what no request can ask: no method, two objects, or an object that the method does not name
 */
export function readAccess(asked: Asked): Access {
  const [kind, ...more] = kinds.filter((k) => asked[k] !== undefined);
  if (more.length > 0)
    throw new CommandError(`--${kind} and --${more[0]} exclude each other: a request names one object.`);
  const method = asked.method ?? (kind && usual[kind]);
  if (!method) throw new CommandError('What is requested? Give --tool, --prompt, --resource or --method.');
  if (asked.arguments !== undefined && method !== 'tools/call')
    throw new CommandError('--arguments are those of a tool: give --tool.');
  const names = kindsOf(method);
  if (kind === undefined) {
    if (names.length === 0 || method === 'subscriptions/listen') return { method };
    throw new CommandError(`${method} names an object: give ${names.map((name) => `--${name}`).join(' or ')}.`);
  }
  const name = asked[kind];
  if (!name) throw new CommandError(`--${kind} must not be empty.`);
  // An unknown method is left to the verdict, which reports that no rule can allow it.
  if (methods.has(method) && !names.includes(kind)) throw new CommandError(`${method} does not name a ${kind}.`);
  return method === 'tools/call' ? callOf(name, asked.arguments) : { method, object: { kind, name } };
}

function callOf(tool: string, json: string | undefined): Access {
  try {
    return readAskedCall(tool, json);
  } catch (error) {
    if (!(error instanceof RefusedRequest)) throw error;
    throw new CommandError(`The gateway would refuse this request before it asks the policy: ${error.message}.`);
  }
}

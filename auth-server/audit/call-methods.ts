import { methods } from '../../policy/request/methods.ts';

const ofCalls = new Set(['tools/call', 'prompts/get', 'resources/read', 'completion/complete']);

/** Methods that count as calls. Lists, streams and the like say nothing of use. */
export const callMethods: readonly string[] = [...methods.keys()].filter(
  (method) => ofCalls.has(method) || method.startsWith('tasks/'),
);

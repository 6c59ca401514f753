import { fold } from './request-hygiene.ts';

/** The kinds of objects that a method can name. */
export type ObjectKind = 'tool' | 'prompt' | 'resource';

/**
 * Methods that every client needs before it can use a server, and that reveal nothing of the server's content. `(stream)`,
 * `(end)` and `(response)` are ours: the GET stream, the DELETE of a session, a client's response to a server.
 */
export const lifecycle: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'logging/setLevel',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
  'notifications/tasks/status',
  '(stream)',
  '(end)',
  '(response)',
]);

/**
 * Every client-to-server method of the MCP revisions 2024-11-05 to 2026-07-28 that is not lifecycle, with the kinds of
 * object it names. Any other method is denied, even by a rule with `*`: a `*` written today must not grant what a later
 * revision adds. Only a rule that names it grants it ({@link isExtensionMethod}). A rule for `tasks/*` allows the use of
 * tasks; the owner of the task is checked separately.
 */
export const methods: ReadonlyMap<string, readonly ObjectKind[]> = new Map<string, readonly ObjectKind[]>([
  ['tools/list', []],
  ['tools/call', ['tool']],
  ['prompts/list', []],
  ['prompts/get', ['prompt']],
  ['resources/list', []],
  ['resources/templates/list', []],
  ['resources/read', ['resource']],
  ['resources/subscribe', ['resource']],
  ['resources/unsubscribe', ['resource']],
  ['completion/complete', ['prompt', 'resource']],
  ['subscriptions/listen', ['resource']],
  ['tasks/get', []],
  ['tasks/result', []],
  ['tasks/update', []],
  ['tasks/cancel', []],
  ['tasks/list', []],
]);

/** Methods that MCP 2026-07-28 has removed: `subscriptions/listen` has taken their place. */
export const removedMethods: ReadonlySet<string> = new Set(['resources/subscribe', 'resources/unsubscribe']);

/**
 * Methods whose results may be cached and carry a hint how (MCP 2026-07-28, server/utilities/caching). Each of these results
 * depends on the caller's rights.
 */
export const cacheable: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** The tools of mcpgw that call any tool which its caller names: with the arguments `server` and `tool`. */
export const callTools: ReadonlySet<string> = new Set(['call_tool', 'call_read_only_tool']);

/** Known methods of extensions, and the kinds of object they name: of `io.modelcontextprotocol/skills` (SEP-2640). */
export const extensionMethods: ReadonlyMap<string, readonly ObjectKind[]> = new Map<string, readonly ObjectKind[]>([
  ['skills/list', []],
  ['skills/get', []],
  ['resources/directory/read', ['resource']],
]);

/** The kinds of object that a method names, of MCP or of an extension. What an unknown method names is not judged. */
export function kindsOf(method: string): readonly ObjectKind[] {
  return methods.get(method) ?? extensionMethods.get(method) ?? [];
}

const folded = new Set([...methods.keys(), ...lifecycle].map(fold));
const methodForm = /^[A-Za-z][\w.$-]*(?:\/[\w.$-]+)+$/;

/**
 * Whether a rule may name `method` as one of an extension: `namespace/method`. A method of MCP in other letters is none,
 * because a careless server would take it for the real one, whose objects are judged.
 */
export function isExtensionMethod(method: string): boolean {
  return methodForm.test(method) && !folded.has(fold(method));
}

/** The kinds of things that a method can name. */
export type ObjectKind = 'tool' | 'prompt' | 'resource';

/**
 * Steps that every caller of a server needs before it can do anything, and that show nothing of what the server has.
 * `(stream)`, `(end)` and `(response)` are ours: the GET stream, the DELETE of a session, a client's answer to a server.
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
 * object it names. A method that is not here is denied, whatever a rule says: a `*` written today must not open what a
 * later revision adds. A rule for `tasks/*` says that somebody may use tasks at all; whose task it is, is asked besides.
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

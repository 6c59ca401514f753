import { row } from '../support/rows/row.ts';

/** Requests as real clients send them. */
export const requests = [
  row('/server, /server/ and /server/mcp/', 'they are the same as /server/mcp', {
    'e2e/gate': ['The address %s is the same as /echo/mcp'],
  }),
  row('a media type in each spelling of HTTP', 'it is application/json', {
    'e2e/gate': ['The media type may be spelled as %j'],
  }),
  row('params of null, members of its own, an error of null', 'they do not stop a message', {
    'unit/policy/request/mcp-request': ['does not stop a message: %s'],
  }),
  row('initialize with an old or invented session', 'a new session begins', {
    'integration/relay/refusals': ['%s, sent with initialize, is dropped, and a new session begins'],
    'e2e/relay-sessions': ['invented', 'stolen'],
  }),
  row('a preflight for headers of its own', 'an allowed origin may ask for any', {
    'e2e/gate': ['A preflight of an allowed origin may ask for any header, and of another origin for none'],
  }),
  row('bodies of up to 4 MB', 'they arrive, and larger ones are 413', {
    'e2e/gate': ['a body over the limit'],
    'e2e/body-memory': ['of 4 MB that lack a byte'],
  }),
  row('clients that share a cache', 'none sees what only another one may', {
    'e2e/relay-lists': ['Two principals of one client program that share a cache never see what the other may'],
    'integration/relay/cache-hints': ['%s, in a JSON answer and on a stream', 'A time to live of %s becomes %d'],
  }),
  row('open streams while a policy or an approval changes', 'their clients are told', {
    'integration/relay/list-changes': [
      'The stream of a session and a subscription are told of a policy that changes what their callers see',
    ],
  }),
  row(
    'cache hints of lists, resources/read, server/discover and methods of extensions (skills/list), for callers with all rights too',
    'private, at most ten seconds',
    { 'integration/relay/cache-hints': ['%s, in a JSON answer and on a stream'] },
  ),
  row('a method of an extension, of a caller for whom nothing is filtered', 'goes through the relay', {
    'unit/auth-server/gate/relay-ticket': [
      '%s of a caller for whom nothing is filtered, because clients cache its result',
    ],
  }),
  row(
    'ids beyond 2^53, 1e3, 1.0, -0; numbers as written in arguments',
    'pass as written; answers and errors repeat the id as written',
    { 'e2e/relay-gate': ['with the id %s, which an answer and an error of the gateway repeat'] },
  ),
  row('ids as written where other objects have ids, and keys are escaped', 'the id of the message, as written', {
    'unit/policy/request/mcp-request': ['of %s is returned as it was written, also where other objects have ids'],
  }),
  row('half a character ("\\ud800") or 1e400 where nothing is decided', 'passes', {
    'unit/policy/request/mcp-request': ['does not stop a message: %s'],
  }),
  row(
    'half a character in a method, tool name or address; tools/call without name',
    "refused with a reason and the request's id (-32600, -32602)",
    { 'e2e/relay-gate': ['What is judged is refused with a reason if it is missing or holds half a character: %s'] },
  ),
  row("a client's header with _ (X_User)", 'never reaches a server', {
    'e2e/upstream': ["is the gateway's value under %s, not what the client sent"],
  }),
  row(
    'the official conformance suite, both eras, agents and people, direct and by the relay',
    'no check is lost through the gateway (npm run test:conformance)',
    { 'unit/conformance/compare': ['A check is lost if it passes without the gateway and does not pass through it'] },
  ),
  row('a method that MCP 2026-07-28 has removed', 'unknown to a client of that version: 404 and -32601', {
    'unit/policy/request/mcp-headers': ['%s with %j is unknown to a client of that revision'],
  }),
  row('a method that MCP 2026-07-28 has removed, asked at the gate', '404 method_unknown', {
    'integration/auth-server/gate/answers': [
      'about a method that MCP has removed is a 404 for clients of that revision, whatever they may do',
    ],
  }),
  row(
    'a call that no rule allows, then another one, with real clients',
    'the client reads why, and its session goes on',
    { 'e2e/refused-calls': ['%s is refused a call on %s with %s, reads why, and goes on'] },
  ),
  row('a call that another token might allow', 'the client is refused, and goes on', {
    'e2e/refused-calls': ['%s, for whom another token might help, is refused a call on %s with %s and goes on'],
  }),
  row('a list that a server announces and no rule grants', 'empty, and the session goes on', {
    'e2e/refused-calls': ['%s asks %s for lists that no rule grants with %s, gets empty ones, and goes on'],
  }),
  row('a refusal with a challenge, for clients on the Python SDK 1.x', '200, because a 403 would end their session', {
    'e2e/refused-calls': ['A refusal with a challenge for User-Agent %s and MCP %s has the status %d'],
  }),
  row('codes that refuse, in the attack command', 'each code of a service counts, and no server can write one', {
    'unit/attack/answer': ['A denial %s is a refusal with %d, with 200, and from the registry'],
  }),
  row("nginx's own refusals, in the attack command", 'each counts', {
    'unit/attack/answer': ["nginx's own answer %d %s is a refusal"],
  }),
  row('a refusal behind another proxy', '401 or 403, with the reason in a header', {
    'e2e/caddy': [
      'A person without a right to the server is refused its stream, with the reason in a header, and nothing reaches the server',
    ],
  }),
  row(
    'completion for a resource template, by a rule with a prefix',
    'allowed if the fixed part begins with the prefix; refused otherwise',
    {
      'unit/policy/decide': [
        'the template %j may be completed under the patterns file:///data/* and file:///up/{x}: %s',
      ],
    },
  ),
  row('completion for a resource template, by a rule *', 'allowed for any template', {
    'unit/policy/decide': ['%j is allowed by a lone * and by "all", which guard nothing'],
  }),
];

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
];

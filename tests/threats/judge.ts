import { row } from '../support/rows/row.ts';

/** Sizes and spellings that a server or a caller chooses, against the service that judges all requests. */
export const judge = [
  row('judge-tasks', 'a server that names many tasks costs one query and one check of a signature', {
    'integration/auth-server/gate/relay-callbacks': [
      'costs one query, whether the store knows them or not',
      'costs one check of the ticket’s signature',
      'too many ids',
    ],
  }),
  row('judge-displaced', 'a server cannot end the sessions and tasks of its callers at other servers', {
    'integration/auth-server/store/store': [
      'is not displaced by another server that announces any number',
      'is displaced, past the limit over all servers, at the server that has the most',
    ],
  }),
  row('judge-prefix', 'no spelling of a resource leads out of the prefix that a rule grants', {
    'unit/policy/patterns/resource-uri': [
      'under %j the rest %j',
      'What a prefix covers stays under it for path functions, URL parsers and readers that decode once or twice',
    ],
    'unit/policy/decide': ['%j is allowed by a lone * and by "all", which guard nothing'],
  }),
  row('judge-direct', 'a server cannot send an unfiltered list on the answer to another request', {
    'unit/auth-server/gate/relay-ticket': ['%s of a caller for whom some list of the server is filtered'],
    'e2e/relay-gate': [
      'A list that a server sends on the answer to %s is filtered, because a client may be waiting for it',
    ],
  }),
  row('judge-bodies', 'a caller with large bodies does not delay others', {
    'unit/policy/request/mcp-request': ['%s are limited, and the message says to how many'],
    'unit/policy/request/strict-json': [
      '%s is rejected before anything is built of it, and one below the limit is read',
    ],
    'unit/auth-server/limits/bodies': [
      'is a quarter of one process for each principal',
      'is never asked of other principals, nor of ordinary bodies',
      'is bounded for all together, until some of them are released',
    ],
    'e2e/gate': [
      'A caller whose large bodies took too much time gets 429 for them, while small requests and others are served',
    ],
    'integration/auth-server/gate/validate': [
      'a caller whose large bodies took too much time has to wait with them, and with nothing else',
    ],
  }),
  row('judge-refreshed', 'a revocation also ends the tokens that a client refreshes later', {
    'integration/auth-server/gate/validate-tokens': [
      'also ends what a client refreshes at Cognito later, until the person signs in again',
    ],
  }),
  row('judge-planted', 'a login that an attacker began cannot be finished in a victim’s browser', {
    'unit/auth-server/login/login-attempts': [
      'on https has the __Host- name that no other host can set, and is sent over https only',
      'on https is not taken from a cookie that a sibling subdomain could have planted',
    ],
    'integration/auth-server/login/login': ['is not finished out of sight of the person, as the %s of a page'],
  }),
  row('judge-key', 'a SECRET_KEY that can be guessed is refused at the start', {
    'unit/common/settings/weak-key': ['A key of %s is weak'],
  }),
  row('judge-names', 'what callers name costs a bounded number of queries and bytes', {
    'unit/auth-server/gate/session-ownership': [
      'cost one query, however many they are, and none if no server could have named them so',
    ],
    'unit/auth-server/identity/assertion': [
      'is also that of a ticket, unless it is too long to keep ten thousand of them',
    ],
  }),
];

import { row } from '../support/rows/row.ts';

/** What the hub, sets and mcpgw, which call other servers, could give a caller more than they have. */
export const brokers = [
  row('broker-taken', 'a broker that is taken over can only repeat what its callers ask', {
    'e2e/brokers': [
      'repeats what its caller asks, and gets nothing else',
      'gets nothing with a request that only opens a session',
      'finds the same rules for paths at its address, and none of the pages there',
      'cannot hand a delegation on: outside it opens no server, no page, no API and no endpoint of OAuth',
    ],
    'integration/auth-server/gate/delegations': [
      'repeats what was asked, and nothing else',
      'gives no right that its caller does not have',
      'of a call of mcpgw is for the one tool that it names',
    ],
    attack: ['the call through the hub', "the call through mcpgw's call_tool", 'a delegation without a signature'],
  }),
  row('broker-member', 'a server behind the hub can use nothing of what it gets anywhere else', {
    'e2e/brokers': [
      'cannot use what it gets at another server, at itself, at the hub or at the address of brokers',
      'gets no header of brokers, also if its caller sends them',
    ],
  }),
  row('broker-name', 'the name of a deleted set brings a server no power of the hub', {
    'e2e/brokers': ['gets no delegation under the name of a set that was deleted', 'is not reached under its own name'],
    'integration/auth-server/gate/delegations': ['is made for brokers only'],
    attack: ['the hub under its own name', 'the call at a server that claims to be the hub'],
  }),
  row('broker-loop', 'brokers do not call each other in circles', {
    'unit/auth-server/delegation/asks': [
      'not the hub or a set, not even to begin a session',
      'not the tools of mcpgw that call others',
    ],
    'e2e/brokers': ['does not reach itself at %s'],
    'integration/auth-server/gate/delegations': ['opens no broker', 'is not made from a delegation'],
    attack: ['the call through mcpgw through the hub'],
  }),
  row('broker-end', 'what a broker has open ends with its caller’s access', {
    'e2e/brokers': ['whose streams end when the caller signs out'],
    'integration/auth-server/gate/delegations': [
      'has ended their access for the hub too when the record ends',
      'who was revoked is revoked for the hub at once',
      'admits for two minutes, and then has expired instead of being a guess',
      'ends with its caller if that is sooner',
    ],
  }),
];

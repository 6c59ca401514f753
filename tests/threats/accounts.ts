import { row } from '../support/rows/row.ts';

/** What others could do with people's own accounts at servers. */
export const accounts = [
  row('account-mixed', 'two people at one server never get each other’s token, in no process and on no connection', {
    'integration/auth-server/accounts/accounts': [
      'two people at one server have each their own token, in every process',
      '50 parallel calls of two processes at the end of a token make one refresh',
    ],
    'integration/auth-server/gate/accounts': [
      'is each person’s own, with two of them in parallel at one server',
      'is shown by no broker to another: a delegation has its caller’s',
    ],
    'integration/relay/accounts': [
      'The token of the person who asks reaches the server, and two people share no token on one connection',
    ],
    'browser/every-form': [
      'carol and dave connect their accounts in browsers of their own, and the server sees each of them as themselves',
    ],
    attack: ["the call with another person's account in the gateway's own headers"],
  }),
  row('account-link', 'a link or form that another person or site has made connects nothing', {
    'integration/auth-server/connect/connect': [
      'The page says in words what connecting means, and opening it changes nothing',
      'a link that another person opens',
      'a replayed state in the session of another person',
      'a logout in between',
      'a logout in between, and a new sign-in of the same person',
      'A form of %s begins nothing',
      'The callback ends nowhere but in a window of its own',
    ],
    'integration/registry/pages/connected-accounts': [
      'Disconnecting leads back to where the form was, and says what the provider learns',
    ],
    attack: [
      'a form of another site that connects an account',
      'a form of another site that disconnects an account',
      'an answer of a provider with an invented state',
      'an answer of a provider without a session',
      'an answer of a provider in a frame or an image',
      'a link to connect an account that leads to another gateway',
      'a link to connect an account that the browser loads in advance',
    ],
  }),
  row('account-callers', 'only people who may use a server connect an account there, and agents have none', {
    'integration/auth-server/connect/connect': [
      'A server that the person may not use and one that does not exist are refused in the same words',
      'Without a session one is led to the login and back; a session without a record connects nothing',
    ],
    'integration/auth-server/gate/accounts': [
      'is not for an agent, not even one with the client id of a person’s subject',
    ],
    attack: ['an account connected by a person without any permission', 'an account connected by an agent'],
  }),
  row('account-moved', 'an editor who gives a server another address gets no token of anyone', {
    'integration/auth-server/accounts/accounts': [
      'another address, issuer, client or prefix of the server stops the use of the token',
    ],
    'integration/auth-server/connect/connect': [
      'Nothing begins if the server has got another address since the page was shown',
      'An account that was connected for another address does not count: the page asks again',
    ],
    'integration/relay/accounts': ['to accounts gets no request that was allowed without one'],
    'integration/registry/routing/upstream-accounts': [
      'A new address must be covered too, and the editor is told that people have to connect again',
    ],
    'e2e/account-gate': [
      'An editor who gives the server another address, or its name to another server, gets no token there',
      'What the page knows of a server comes from its route: headers of a client count for nothing, also behind another path',
    ],
    attack: ['a page that connects an account, with headers that name its provider and address'],
  }),
  row('account-discovery', 'the documents of a server choose no provider, and lead to no inner address', {
    'integration/auth-server/accounts/hostile-provider': [
      'names another provider',
      'is about another server',
      'A server whose own document %s gets no token',
      'A provider whose document has %s is refused',
      'A provider that answers a code with %s is not believed',
      'A document of a public provider cannot lead inside',
      'The callback has to be of this attempt, and of the pinned issuer',
    ],
  }),
  row('account-refusals', 'a server that refuses every token does not make the gateway flood its provider', {
    'integration/auth-server/accounts/accounts': [
      'a refused token is renewed once in ten minutes; after that the server refuses the account',
      'a provider that fails or is slow keeps the account, and is not asked again at once',
      'kill -9 in the middle of a refresh loses nothing where the provider does not rotate; else that person connects again, and no one else notices',
    ],
    attack: ['a report that a server refuses an account'],
  }),
  row(
    'account-kept',
    'what is stored of accounts opens with the vault’s key only, and is used after a restore once confirmed',
    {
      'integration/auth-server/accounts/accounts': [
        'what no key opens is for its owner to connect again, and opens again with the key',
        'no log line holds a token, a code or a verifier',
      ],
      'integration/operations/accounts-keys': [
        'A backup has the keys only if asked, and restored accounts are used once their provider has confirmed them',
      ],
    },
  ),
  row('account-gone', 'a disconnected or unused account ends everywhere, and at its provider', {
    'integration/auth-server/accounts/accounts': [
      'a disconnected account is dead in other processes within a second, and revoked at its provider',
      'an account that is not used for 30 days is disconnected and revoked',
    ],
    'integration/relay/accounts': [
      'The end of an account ends the streams of that person at that server, and no others',
    ],
  }),
];

import { row } from '../support/rows/row.ts';

/** What strangers, clients and servers could do to the authorization server, or by means of it. */
export const oauth = [
  row('oauth-silent', 'no code is given without a question to the person', {
    'e2e/oauth-hostile-issuer': [
      'A client that a hostile MCP server leads to the authorize address by its metadata gets a question, not a code, although the person has allowed this client this server before',
    ],
    attack: [
      'a request in a browser that is signed in at the gateway, without a question',
      'a second request of the same client, after an Allow',
      'a question that the browser loads in advance, or shows in a frame',
    ],
    'e2e/oauth-attacks': [
      'A hostile MCP server that leads a client to the authorize address gets no code: the person is asked for every code',
    ],
    'integration/auth-server/oauth/consent': [
      'a hostile MCP server that leads a client here gets no code without the question, also after an Allow',
      'in a page that the browser loads in advance (%s) gets nothing',
    ],
  }),
  row('oauth-browser', 'a request is answered in the browser that made it only, by a page of the gateway', {
    attack: [
      'an Allow by a form of another site',
      'a question and its Allow in another browser, also in one that has a question of its own',
    ],
    'e2e/oauth-attacks': [
      "Consent in the attacker's browser gives the attacker nothing of the person's, and the person's browser cannot give it",
    ],
    'integration/auth-server/oauth/consent': [
      "consent that an attacker gave in their own browser gives the attacker's access, never the victim's",
      'is not shown in another browser, even to one that began a request of its own',
      'from %s is refused, and the question stays',
      'cannot be finished in another browser, nor twice',
    ],
  }),
  row('oauth-redirect', 'answers go to an address that the client has registered, and nowhere else', {
    attack: ['a request with a redirect address of another site'],
    'e2e/oauth-attacks': ['A code does not go to an address that the client has not registered'],
    'integration/auth-server/oauth/consent': [
      'as %s gets nothing: the person reads why',
      'with a mistake from a site that anyone can register stays here: the address would lead anywhere',
      'with the redirect address %s says who asks, and lets the form lead there only',
    ],
  }),
  row('oauth-names', 'no client can pass for another on the page that asks', {
    'integration/auth-server/oauth/consent': [
      'calls a host checked only if the answer goes back to the host of the metadata document',
      'shows markup in a name as text',
    ],
  }),
  row('oauth-replay', 'a code or refresh token that two parties have ends the grant', {
    attack: [
      'a code that was exchanged before, and what came of it',
      'a code with another verifier, redirect address or client',
    ],
    'e2e/oauth-attacks': [
      'A code that is replayed ends the grant, and its access token opens nothing any more',
      'A code that is exchanged twenty times at once gives at most one refresh token, and ends',
      'A code is good for its client, its address and its verifier only',
    ],
    'integration/auth-server/oauth/grants': [
      'that twenty calls of two processes exchange at once gives one refresh token',
      'that comes after its successor was used was stolen: the whole family ends',
      'nothing in the tables is a code, a token or a verifier',
    ],
  }),
  row('oauth-resource', 'a token opens one server, and no page', {
    attack: [
      'a request with two resources',
      "a client's access token at another server",
      'an access token under the key id of assertions',
    ],
    'e2e/oauth-attacks': [
      'A token for one server opens no other server, no page and no API',
      'Two resource parameters are refused, and one token never opens two servers',
    ],
  }),
  row('oauth-issuer', 'a client can tell whose answer it has', {
    'e2e/oauth-attacks': [
      'Every answer names its issuer, and a client that expected another one takes no code from it',
    ],
  }),
  row('oauth-exists', 'a person learns nothing of servers that they may not use', {
    attack: ['an Allow for a server that no rule lets the person use'],
    'integration/auth-server/oauth/consent': [
      'is no question for a person whom no rule lets use the server, in the same words for one that does not exist',
    ],
  }),
  row('oauth-flood', 'what strangers can make is bounded', {
    attack: ['more than fifty open questions of one browser'],
    'integration/auth-server/oauth/requests': [
      'beyond the bound of a browser its oldest request is dropped, with the login at the provider',
      'beyond the bound of all browsers those of strangers are dropped first',
    ],
    'integration/auth-server/oauth/consent': ['are bounded for each address: others are not kept waiting'],
    'integration/auth-server/oauth/token': [
      'lets an address whose requests are refused too often wait, and no other one',
    ],
  }),
  row(
    'oauth-registration',
    'a registration or metadata document cannot name an address that starts or reads anything',
    {
      attack: [
        'a registration with the redirect address "javascript:alert(1)" beside a good one',
        'a client with an id with alg none',
      ],
      'unit/auth-server/oauth/clients/redirects': [
        'is not %s (%s)',
        'does not go to a client that registered %s at %s',
      ],
      'integration/auth-server/oauth/clients/registration': [
        'refuses the redirect address %s, also beside a good one',
        'bounds the registrations of one address, and of no other',
        'cannot be made or changed by a client',
      ],
    },
  ),
  row(
    'oauth-documents',
    'no stranger reaches an inner address, or floods another host, by means of metadata documents',
    {
      attack: ['a client with a metadata document on a machine of its own'],
      'integration/auth-server/oauth/clients/documents': [
        'is not asked if its addresses are %s, %s',
        'is resolved once for each fetch: the connection goes to the address that was vetted',
        'cannot have the address %s, which is not asked',
        'is not known if the document %s',
        'is fetched with nine others of its host in a minute at most, and as one of 120 of all unknown hosts',
      ],
    },
  ),
  row(
    'oauth-people',
    'the access of others is seen and ended with the permission only, from a session, and never by another page',
    {
      'integration/auth-server/people': [
        'With %s, nothing is shown and nothing ends',
        'Who may only see people ends nothing',
        'An administrator sees people with what acts as them, and no credential or session id among it',
        'The app client of the provider is no client here: its name ends no sign-in',
        'One access of a person ends at once, and the list of ended access says who did it',
      ],
      'integration/registry/pages/people': [
        'Who may only see has no way to end, and who may not see has no page',
        'A form that another page has sent (%j) ends nothing',
        'Opening an address ends nothing, and other groups have no page',
      ],
    },
  ),
  row('oauth-account', 'people see and end their own access only, from a session in a browser only', {
    'integration/auth-server/account': [
      'With %s, no access is shown and none ends',
      'The id of an access of another person, or of the same subject at another provider, ends nothing',
      'A person sees their own clients and sign-ins, the newest first, and no credential among them',
      'It lists the newest 200 without those that ended for want of use, and ends all of them',
    ],
    'integration/registry/pages/account': [
      'A form that another page has sent (%j) ends nothing',
      'Opening an address ends nothing, and other groups have no page',
      'An answer that holds more than it may is not shown',
    ],
    'browser/account': ['A client that a person sees on their account ends with one click, and is out (scripts: %s)'],
  }),
  row('oauth-command-line', 'only a person who says so signs in the command line, and only its code opens a session', {
    attack: [
      'a request with the name of the command line, to another site',
      'a request with the session of the command line as resource',
      'a request with the name of the command line, for a server',
      'a code, an access token and a refresh token of a client in exchange for a session',
    ],
    'integration/auth-server/oauth/command-line': [
      'gives a session that opens every server, and no token of any kind',
      'with %s gives nothing, and the right one still works',
      'with %s is not read',
      'gives nothing to a page, which browsers name',
      'that comes twice was stolen: the session ends',
      'gives no tokens at the token endpoint, under whatever name',
      'The codes and tokens of other clients, and every token of a person, open no session',
      'gets no answer at %s',
      'is refused %s',
      'is the only one that may ask for a session',
      'is asked each time, also of a person who is signed in and has allowed it before',
      'of a hostile MCP server that names the command line is the same question, and its code stays on this computer',
      'is answered in the browser that began, by a page of the gateway, and by the person: not in advance',
    ],
    'browser/consent': [
      'The question about the command line can be used by everyone, in both themes and at every width, and is shown in no frame',
    ],
    'e2e/agents/login': [
      "a code of another user's login opens no session, even without its state",
      'of another authorization server is not taken',
      'answers no other path, host or method',
    ],
  }),
  row('oauth-assertions', "no assertion gives access but a trusted provider's, for this gateway, to its client, once", {
    'integration/auth-server/oauth/id-jag': [
      'is refused with %s',
      'is refused with a resource %s',
      'is not %s',
      'one after the other, and twenty at once',
      'An assertion is good once for two processes over %s, also after a restart, and its access opens at both',
      'and gives nothing while its use cannot be noted',
      'is no public client, also with a secret that it made up',
      'of %s ends the access, and refuses assertions that were issued before',
      'the grant type is not known, and not announced',
    ],
    'unit/auth-server/oauth/id-jag/issuer-keys': [
      'are read again for a new key, but assertions with unknown keys make no flood',
      'are not taken from the discovery document of another issuer',
      'are read from public addresses only',
    ],
    'unit/auth-server/oauth/id-jag/trust': [
      'The people of an issuer have its prefix, and cannot pass for those of another provider',
      'The second provider may give assertions for its own people, and no other issuer may',
    ],
  }),
  row('oauth-personal', 'a personal token is made by its person only, opens one server, and is seen once', {
    attack: [
      'a personal token at another server',
      'a personal token at the API',
      'a personal token in the query',
      'a personal token as refresh token at the token endpoint',
      'a personal token that a client revokes',
      'a personal token that its person has ended',
      'a form of another site that asks for a personal token',
    ],
    'integration/auth-server/personal-tokens': [
      'is not begun by %s',
      'is not made for another person who comes back, nor in another browser',
      'is not made once the session that asked has ended, or an operator has revoked the person',
      'is made after a login of its own, shown once, kept as a digest, and in no line of the log',
      'opens its server only, and no page, API or account',
      'that is made up costs no look-up, whatever it looks like',
    ],
    'browser/account': [
      'A personal token that a person makes works for a client that sends it as a header, and ends with one click',
    ],
  }),
  row('oauth-agents', 'the secrets of agents cannot be guessed by means of the gateway, and stay out of its logs', {
    attack: ['credentials in Authorization where no part of the gateway expects them'],
    'integration/auth-server/oauth/agent-token': [
      'waits after twenty refusals in a minute, and holds back no other agent and no other address',
    ],
    'integration/auth-server/oauth/callers': ['leaves nothing behind at the gateway'],
  }),
];

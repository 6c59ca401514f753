import { row } from '../support/rows/row.ts';

/** How people, load balancers and scripts come in, and what operators set. */
export const comingIn = [
  row('a load balancer that asks for /health under any Host', 'it gets an answer, and only there', {
    'e2e/gate': ['A load balancer gets /health under the Host %j, and only that'],
  }),
  row('a browser at an address that is no page', 'it gets a page', {
    'e2e/gate': ['A browser that opens %s gets a page'],
  }),
  row('scripts and htmx without a session', 'they get 401, and htmx the address of the login', {
    'e2e/gate': ['A script of a page without credentials gets 401, htmx with the address of the login'],
  }),
  row('lists in settings, with spaces, semicolons, quotes or as JSON', 'they are lists of clients', {
    'unit/common/settings/settings': ['accept a list in each of its forms: %j', 'refuse what can be no app client'],
  }),
  row('LOG_LEVEL=INFO, SESSION_HOURS=8h', 'levels in capitals work, and faults use words of ours', {
    'unit/common/settings/settings': [
      'accept the log level %s',
      'say what a value must be, in the words of this project: %j',
    ],
  }),
  row('.env with a byte order mark, and lines of .env.example as they are', 'each variable counts', {
    'unit/common/settings/settings': [
      'loses none of its variables: with %s',
      'may be copied from .env.example line by line: what explains a value is a comment',
    ],
  }),
  row('a data folder that cannot be written', 'the fault names path, user and variable', {
    'unit/common/database/sqlite': [
      'a database that cannot be written is named with its path, its user and the variable: %s',
    ],
  }),
  row(
    'an access token whose aud is its own app client, as triggers of the pool write it',
    'accepted; any other audience is refused',
    {
      'unit/auth-server/cognito/cognito-token': [
        "may be for the audience %j, because the pool's triggers write the app client there",
      ],
    },
  ),
  row('an audience with an allowed app client beside another server', 'refused', {
    'unit/auth-server/cognito/cognito-token': ['that %s is rejected'],
  }),
  row(
    'user names that are UUIDs or google_1048…',
    'pages and logs show preferred_username, a verified e-mail address, or the claim of COGNITO_USERNAME_CLAIM',
    { 'integration/auth-server/login/shown-name': ['is %s'] },
  ),
  row(
    "a person who chooses another person's name",
    'identity headers and assertions stay, no MCP server gets the chosen name',
    {
      'integration/auth-server/login/shown-name': [
        'changes no identity, and no MCP server gets it: a person may choose the name of another one',
      ],
    },
  ),
  row(
    'a chosen name on pages, in the change log and the audit',
    'shown escaped, with the user name beside what was done',
    {
      'integration/registry/pages/pages': [
        'Pages show the chosen name of a person, and beside what it did also the user name',
      ],
    },
  ),
  row("HTTPS_PROXY for Cognito's keys, discovery and tokens", 'all go through the proxy', {
    'integration/auth-server/process/proxy': [
      'Keys, discovery and tokens of the user pool come through HTTPS_PROXY, while loopback does not use it',
    ],
  }),
  row('HTTP_PROXY in small letters or without a scheme', 'used', {
    'integration/common/network/env-proxy': ['A request to outside goes through the proxy that %s names (%j)'],
  }),
  row("loopback, the gateway's services and hosts of NO_PROXY behind a proxy", 'asked directly', {
    'integration/common/network/env-proxy': [
      'This machine, the services of the gateway and the hosts of NO_PROXY are asked directly',
    ],
  }),
  row('MCP servers while a proxy is set', 'asked directly, at the vetted address', {
    'integration/common/network/env-proxy': [
      'MCP servers are asked directly: only there does the connection go to the address that was vetted',
    ],
  }),
  row(
    'error_description of a trigger or a SAML provider at the callback',
    'escaped and cut on the page, and in the log',
    { 'integration/auth-server/login/login-failures': ['%s with a description shows it as text, cut, and logs it'] },
  ),
  row('error_description at the code exchange', 'escaped on the page', {
    'integration/auth-server/login/login-failures': [
      'at the code exchange shows its description, for which a trigger is the usual cause',
    ],
  }),
  row('the callback opened again, or a foreign one, while signed in', 'to the start page, the session stays', {
    'integration/auth-server/login/login-failures': [
      'leads a person who is signed in to the start page, whatever login it was, and leaves the session alone',
    ],
  }),
  row('/login while signed in', 'to the requested page', {
    'integration/auth-server/login/login': [
      'does not ask a person who is signed in again, but leads to the page that they requested',
    ],
  }),
  row('/login with a session that has ended or was revoked', 'the login page, no loop', {
    'integration/auth-server/login/login': [
      'asks a person whose session has ended or was revoked: else the two pages would lead to each other',
    ],
  }),
  row('npm run up with a public address that does not answer from itself', 'starts; a warning', {
    'up/up': [
      'npm run up starts although its public address does not answer here, as behind a terminator: that is a warning. When launch/up.ts is killed, no process stays behind',
    ],
  }),
];

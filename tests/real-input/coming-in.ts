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
];

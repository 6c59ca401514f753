import { type Case, caseOf } from '../../case.ts';
import { authorizePath, clientOf, redirectUri, register, theme } from './client.ts';
import { unlessError, unlessPage } from './judge.ts';

const badAddresses = [
  'http://evil.example/callback',
  'javascript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'ms-msdt:/id',
  'https://user@evil.example/callback',
  'https://evil.example/callback#x',
  'https://evil.example/a/../callback',
  'http://127.0.0.1.evil.example/callback',
  'http://127.0.0.1@evil.example/callback',
  'https://localhost/callback',
  '//evil.example/callback',
  '/callback',
  '',
];

/** Few enough that an office behind one address can still register clients while the command runs. */
const registrations = (
  [
    ...badAddresses.map((uri) => [
      `the redirect address ${JSON.stringify(uri)} beside a good one`,
      { redirect_uris: [redirectUri, uri] },
    ]),
    ['no redirect address', { client_name: 'x', redirect_uris: [] }],
    ['a list in place of an object', [redirectUri]],
    ['a hundred redirect addresses', { redirect_uris: Array.from({ length: 100 }, (_, i) => `${redirectUri}/${i}`) }],
    [
      'redirect addresses of five kilobytes',
      { redirect_uris: Array.from({ length: 10 }, (_, i) => `https://${'x'.repeat(480)}.example/${i}`) },
    ],
  ] as [string, unknown][]
).map(([name, body]) =>
  caseOf(theme)(
    'oauth-registration',
    `a registration with ${name}`,
    [],
    async (ctx) => [await register(ctx, body)],
    unlessError('invalid_redirect_uri', 'invalid_client_metadata'),
  ),
);

/** Nothing of it may be kept or read to its end. */
const large = caseOf(theme)(
  'oauth-registration',
  'a registration of half a megabyte',
  [],
  async (ctx) => [await register(ctx, { client_name: 'x'.repeat(500_000), redirect_uris: [redirectUri] })],
  (answers) => answers.some(({ status }) => ![0, 400, 413].includes(status)),
);

const unknown: [name: string, id: (id: string, trap: string) => string][] = [
  ['an invented id', () => 'admin'],
  ['an id with a letter changed', (id) => id.replace(/\.(.)/, (_, first) => `.${first === 'e' ? 'f' : 'e'}`)],
  ['an id without its signature', (id) => id.replace(/[^.]*$/, '')],
  [
    'an id with alg none',
    (id) => `${Buffer.from('{"alg":"none","typ":"client"}').toString('base64url')}.${id.split('.')[1]}.`,
  ],
  ['an id that is a path', () => '../../client'],
  ['an id of ten kilobytes', () => `eyJ${'x'.repeat(10_000)}`],
  ['a metadata document on a machine of its own', (_id, trap) => `https://${trap}/client.json`],
  ['a metadata document at the address of a cloud’s secrets', () => 'https://169.254.169.254/latest/meta-data'],
  ['a metadata document without TLS', (_id, trap) => `http://${trap}/client.json`],
];

const clients = unknown.map(([name, id]) =>
  caseOf(theme)(
    /document/.test(name) ? 'oauth-documents' : 'oauth-registration',
    `a client with ${name}`,
    [],
    async (ctx) => {
      const before = ctx.trap.hits();
      const client_id = id(await clientOf(ctx), ctx.trap.host);
      const answer = await ctx.send({ method: 'GET', path: await authorizePath(ctx, { client_id }) });
      return [{ ...answer, status: ctx.trap.hits() > before ? 200 : answer.status }];
    },
    unlessPage,
  ),
);

/** Clients that must not come into being, and ids that the gateway has not issued. */
export const registration: Case[] = [...registrations, large, ...clients];

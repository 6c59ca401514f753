import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../answer.ts';
import { type Case, caseOf } from '../../case.ts';
import {
  clientOf,
  exchange,
  type Form,
  listWith,
  logIn,
  newCode,
  otherClientOf,
  post,
  redeem,
  refresh,
  resourceOf,
  revoke,
  theme,
  tokensOf,
} from './client.ts';
import { isError, unlessError } from './judge.ts';

type Invented = [name: string, form: Form, errors: string[]];
const invented: Invented[] = [
  [
    'an invented code',
    { grant_type: 'authorization_code', code: 'x'.repeat(43), code_verifier: 'x'.repeat(43) },
    ['invalid_grant'],
  ],
  ['no code', { grant_type: 'authorization_code' }, ['invalid_grant', 'invalid_request']],
  ['an invented refresh token', { grant_type: 'refresh_token', refresh_token: 'x'.repeat(43) }, ['invalid_grant']],
  ['a refresh token that is SQL', { grant_type: 'refresh_token', refresh_token: "' OR '1'='1" }, ['invalid_grant']],
  [
    'the password of a person',
    { grant_type: 'password', username: 'alice', password: 'alice' },
    ['unsupported_grant_type'],
  ],
  ['no grant', {}, ['unsupported_grant_type', 'invalid_request']],
  [
    'an invented assertion',
    { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'eyJhbGciOiJub25lIn0.e30.' },
    ['unsupported_grant_type', 'invalid_grant', 'invalid_client', 'unauthorized_client'],
  ],
];

const asClient = invented.map(([name, form, errors]) =>
  caseOf(theme)(
    'oauth-replay',
    `a token for ${name}`,
    [],
    async (ctx) => [await post(ctx, { client_id: await clientOf(ctx), ...form })],
    unlessError(...errors),
  ),
);

const withMore = (form: Form, ...more: [string, string][]) =>
  new URLSearchParams([...Object.entries(form), ...more]).toString();

const strangers: Case[] = [
  caseOf(theme)(
    'oauth-replay',
    'a token for a client without a name, with an invented one, or with a forged id',
    [],
    async (ctx) => {
      const form = { grant_type: 'refresh_token', refresh_token: 'x'.repeat(43) };
      const id = await clientOf(ctx);
      const ids = ['', 'admin', `${id.slice(0, -4)}AAAA`, `${id}.`];
      return Promise.all(ids.map((client_id) => post(ctx, { ...form, client_id })));
    },
    unlessError('invalid_client'),
  ),
  caseOf(theme)(
    'oauth-agents',
    'a token of an agent by a client that has registered itself',
    [],
    async (ctx) => [
      await post(ctx, { grant_type: 'client_credentials', client_id: await clientOf(ctx), client_secret: 'x' }),
    ],
    unlessError('invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_grant'),
  ),
  caseOf(theme)(
    'oauth-replay',
    'a parameter that is there twice',
    [],
    async (ctx) => {
      const form = { grant_type: 'refresh_token', client_id: await clientOf(ctx), refresh_token: 'x' };
      return Promise.all(
        (['grant_type', 'client_id', 'refresh_token'] as const).map((name) => post(ctx, withMore(form, [name, 'y']))),
      );
    },
    unlessError('invalid_request', 'invalid_client'),
  ),
];

const stolen: Case[] = [
  caseOf(theme)(
    'oauth-replay',
    'a code with another verifier, redirect address or client',
    ['signIn'],
    async (ctx) => {
      const code = await newCode(ctx);
      const changes: Form[] = [
        { code_verifier: 'w'.repeat(43) },
        { redirect_uri: 'http://127.0.0.1:8000/callback' },
        { client_id: await otherClientOf(ctx) },
      ];
      const answers = await Promise.all(changes.map((change) => exchange(ctx, code, change)));
      // A code that never worked would prove nothing.
      await redeem(ctx, code);
      return answers;
    },
    unlessError('invalid_grant'),
  ),
  caseOf(theme)(
    'oauth-replay',
    'a code that was exchanged before, and what came of it',
    ['signIn'],
    async (ctx) => {
      const { code, access, refresh: kept } = await logIn(ctx);
      const again = await exchange(ctx, code);
      // With several auth-server processes the end takes effect everywhere within a second.
      await sleep(1_000);
      return [again, await refresh(ctx, kept), await listWith(ctx, access)];
    },
    ([again, refreshed, list]) =>
      !again ||
      !refreshed ||
      ![again, refreshed].every((one) => isError(one, ['invalid_grant'])) ||
      list?.status !== 401,
  ),
  caseOf(theme)(
    'oauth-replay',
    'a refresh token of another client',
    ['signIn'],
    async (ctx) => [await refresh(ctx, (await tokensOf(ctx)).refresh, { client_id: await otherClientOf(ctx) })],
    unlessError('invalid_grant'),
  ),
  caseOf(theme)(
    'oauth-resource',
    'a refresh for another server',
    ['signIn'],
    async (ctx) => [
      await refresh(ctx, (await tokensOf(ctx)).refresh, { resource: await resourceOf(ctx, 'no-such-server') }),
    ],
    unlessError('invalid_target'),
  ),
  caseOf(theme)(
    'oauth-replay',
    'an access token as code, and as refresh token',
    ['signIn'],
    async (ctx) => {
      const { access } = await tokensOf(ctx);
      return Promise.all([exchange(ctx, access), refresh(ctx, access)]);
    },
    unlessError('invalid_grant'),
  ),
  caseOf(theme)(
    'oauth-replay',
    'the end of an access by another client',
    ['signIn'],
    async (ctx) => {
      const { access, refresh: kept } = await tokensOf(ctx);
      const other = await otherClientOf(ctx);
      await Promise.all([revoke(ctx, kept, other), revoke(ctx, access, other)]);
      return [await listWith(ctx, access)];
    },
    (answers: readonly Answer[]) => answers.some(({ status }) => status !== 200),
  ),
];

/** The secret of a client belongs to the token endpoint alone: no other path of the authorization server gets that header. */
const smuggled: Case[] = [
  caseOf(theme)(
    'oauth-agents',
    'credentials in Authorization where no part of the gateway expects them',
    ['fullToken'],
    async (ctx) => {
      const basic = `Basic ${btoa(`${encodeURIComponent(await clientOf(ctx))}:x`)}`;
      return [await post(ctx, { token: 'x' }, { authorization: basic }, '/oauth2/revoke')];
    },
    unlessError('invalid_client'),
  ),
];

/** Codes, refresh tokens and clients that the token endpoint must refuse. */
export const tokenEndpoint: Case[] = [...asClient, ...strangers, ...stolen, ...smuggled];

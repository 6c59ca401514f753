import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../answer.ts';
import { type Case, type Context, caseOf, complete, type Visitor } from '../case.ts';
import { authorizePath, clientOf, type Form, listWith, oncePerRun, post, revoke } from './oauth/client.ts';
import { unlessDenied, unlessError, unlessPage } from './oauth/judge.ts';
import { type Place, places, sendTo } from './oauth/misplaced.ts';

const theme = 'Personal tokens';
const formPath = '/oauth2/personal-token';
const source = 'oauth-personal';

/** A token of the person who signs in, and how they end it. */
interface Made {
  token: string;
  end(): Promise<unknown>;
}

/** From nothing to a token for the target's server. It ends at the end of the run. */
async function make(ctx: Context): Promise<Made> {
  if (!ctx.signIn) throw new Error('no user can sign in');
  const visitor = ctx.visitor();
  await ctx.signIn(visitor, '/oauth2/login/cognito');
  const name = `npm run attack ${randomBytes(6).toString('hex')}`;
  const asked = await submit(ctx, visitor, { name });
  const address = /class="button full" href="([^"]+)"/.exec(asked.body)?.[1]?.replaceAll('&amp;', '&');
  if (address === undefined) throw new Error('no personal token could be asked for');
  const { answer } = await ctx.signIn(visitor, new URL(address));
  const token = /<code id="token">([^<]+)</.exec(answer.body)?.[1];
  if (token === undefined) throw new Error('no personal token was made');
  const end = async () => {
    const { body } = await visitor.open('/account');
    const row = body.split('<li>').find((each) => each.includes(name)) ?? '';
    const id = /name="id" value="([\w-]+)"/.exec(row)?.[1] ?? '';
    await visitor.submit('/account/end', { id }, { origin: ctx.target.url.origin });
  };
  ctx.atEnd(end);
  return { token, end };
}

const submit = ({ target }: Context, visitor: Visitor, change: Form = {}, origin = target.url.origin) =>
  visitor.submit(formPath, { name: 'x', server: target.server, hours: '1', ...change }, { origin });

/** A token for attacks that change nothing about it. */
const tokenOf = oncePerRun(async (ctx: Context) => (await make(ctx)).token);

const personal = (
  name: string,
  send: (ctx: Context) => Promise<readonly Answer[]>,
  through?: Case['through'],
  ...needs: Case['needs']
) => caseOf(theme)(source, name, ['personalTokens', 'signIn', ...needs], send, through);

const misplaced = [...places, aFewMore()].map(([name, sent]: Place) =>
  personal(`a personal token ${name}`, async (ctx) => [await sendTo(ctx, sent(await tokenOf(ctx), ctx))]),
);

function aFewMore(): Place {
  return [
    'in the query of its server, under another name',
    (token, { target }) => ({
      path: `/${target.server}/mcp?token=${token}`,
    }),
  ];
}

const withToken = (token: string): [name: string, form: Form][] => [
  ['refresh token', { grant_type: 'refresh_token', refresh_token: token }],
  ['code', { grant_type: 'authorization_code', code: token, code_verifier: 'x'.repeat(43) }],
  ['assertion', { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: token }],
  ['secret of an agent', { grant_type: 'client_credentials', client_secret: token }],
];

const errors = ['invalid_grant', 'invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_request'];

const atOAuth: Case[] = [
  ...withToken('').map(([name], index) =>
    personal(
      `a personal token as ${name} at the token endpoint`,
      async (ctx) => {
        const form = withToken(await tokenOf(ctx))[index]?.[1];
        return [await post(ctx, { client_id: await clientOf(ctx), ...form })];
      },
      unlessError(...errors),
      'registration',
    ),
  ),
  personal(
    'a personal token as id of a client',
    async (ctx) => [
      await ctx.send({ method: 'GET', path: await authorizePath(ctx, { client_id: await tokenOf(ctx) }) }),
    ],
    unlessPage,
    'registration',
  ),
  personal(
    'a personal token that a client revokes',
    async (ctx) => {
      const token = await tokenOf(ctx);
      await revoke(ctx, token);
      return [await listWith(ctx, token)];
    },
    ([list]) => list?.status !== 200,
    'registration',
  ),
  personal(
    'a personal token in exchange for a session',
    async (ctx) => {
      const token = await tokenOf(ctx);
      const body = JSON.stringify({ access_token: token, id_token: token, refresh_token: token });
      return [await ctx.send({ path: '/oauth2/session', headers: { 'content-type': 'application/json' }, body })];
    },
    unlessDenied,
  ),
  personal(
    'a personal token that asks for another one',
    async (ctx) => {
      const headers = { authorization: `Bearer ${await tokenOf(ctx)}`, origin: ctx.target.url.origin };
      const body = new URLSearchParams({ name: 'x', server: ctx.target.server, hours: '1' }).toString();
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      return [await ctx.send({ path: formPath, headers: { ...headers, ...type }, body })];
    },
    ([answer]) => answer?.status !== 303 || !String(answer.headers.location).startsWith('/login'),
  ),
];

const invented: [name: string, change: (token: string) => string][] = [
  ['with another last letter', (token) => token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')],
  ['with another first letter', (token) => token.replace(/^mgt_./, (all) => (all.endsWith('A') ? 'mgt_B' : 'mgt_A'))],
  ['in another letter case', (token) => token.toUpperCase()],
  ['with more letters', (token) => `${token}AAAA`],
  ['in two halves', (token) => `${token.slice(0, 30)} ${token.slice(30)}`],
  ['without its prefix', (token) => token.slice(4)],
];

const others: Case[] = [
  ...invented.map(([name, change]) =>
    personal(`a personal token ${name}`, async (ctx) => [await listWith(ctx, change(await tokenOf(ctx)))]),
  ),
  personal('a personal token for a tool that the person may not call', async (ctx) => [
    await ctx.send(complete(ctx.target, { headers: { authorization: `Bearer ${await tokenOf(ctx)}` } })),
  ]),
  personal('a personal token that its person has ended', async (ctx) => {
    const { token, end } = await make(ctx);
    if ((await listWith(ctx, token)).status !== 200) throw new Error('a personal token opened nothing');
    await end();
    // With several auth-server processes the end takes effect everywhere within a second.
    await sleep(1_000);
    return [await listWith(ctx, token)];
  }),
  personal(
    'a form of another site that asks for a personal token',
    async (ctx) => {
      const visitor = ctx.visitor();
      await ctx.signIn?.(visitor, '/oauth2/login/cognito');
      return [await submit(ctx, visitor, {}, 'https://evil.example'), await submit(ctx, visitor, {}, 'null')];
    },
    (answers) => answers.some(({ status, body }) => status !== 403 || body.includes('class="button full" href="http')),
  ),
];

/** Tokens that people make for their programs, at the wrong place and after their end. */
export const personalTokens: Case[] = [...misplaced, ...atOAuth, ...others];

/** What such a token must open. */
export const personalControl = caseOf('Controls')(
  'control',
  'a personal token lists the tools of its server',
  ['personalTokens', 'signIn'],
  async (ctx) => [await listWith(ctx, await tokenOf(ctx))],
  ([list]) => list?.status === 200 && list.body.includes('"tools":['),
);

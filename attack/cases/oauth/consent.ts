import type { Answer } from '../../answer.ts';
import { type Case, type Context, caseOf, type Visitor } from '../../case.ts';
import { allow, ask, codeIn, issuerOf, question, redeem, theme } from './client.ts';
import { ifCode, unlessDenied } from './judge.ts';

/** A question that a person has come to, in the browser of the person. At the end it is answered with no. */
async function asked<T>(ctx: Context, work: (visitor: Visitor, path: string) => Promise<T>): Promise<T> {
  const visitor = ctx.visitor();
  const path = await question(ctx, visitor);
  try {
    return await work(visitor, path);
  } finally {
    await visitor.submit(path, { answer: 'deny' }, { origin: await issuerOf(ctx) });
  }
}

const opensSession = ({ headers }: Answer) =>
  [headers['set-cookie'] ?? []].flat().some((line) => /mcp_gateway_session=[^;]/.test(line));

const foreignOrigins: [name: string, headers: Record<string, string>][] = [
  ['another site', { origin: 'https://evil.example' }],
  ['a sandbox', { origin: 'null' }],
  ['another port of this host', { origin: 'http://localhost:9' }],
];

/** How the question to the person could be answered without them. */
export const consent: Case[] = [
  ...foreignOrigins.map(([name, headers]) =>
    caseOf(theme)(
      'oauth-browser',
      `an Allow by a form of ${name}`,
      ['signIn'],
      (ctx) => asked(ctx, async (visitor, path) => [await allow(ctx, visitor, path, headers)]),
      unlessDenied,
    ),
  ),
  caseOf(theme)(
    'oauth-browser',
    'an Allow without an Origin',
    ['signIn'],
    (ctx) => asked(ctx, async (visitor, path) => [await visitor.submit(path, { answer: 'allow' })]),
    unlessDenied,
  ),
  caseOf(theme)(
    'oauth-browser',
    'a question and its Allow in another browser, also in one that has a question of its own',
    ['signIn'],
    (ctx) =>
      asked(ctx, async (_visitor, path) => {
        const [fresh, other] = [ctx.visitor(), ctx.visitor()];
        await ask(ctx, other);
        const inBoth = [fresh, other].map(async (each) => [await each.open(path), await allow(ctx, each, path)]);
        return (await Promise.all(inBoth)).flat();
      }),
    unlessDenied,
  ),
  caseOf(theme)(
    'oauth-browser',
    'the callback of a login for a client in another browser',
    ['signIn'],
    async (ctx) => {
      const [own, other] = [ctx.visitor(), ctx.visitor()];
      const path = await ask(ctx, own);
      const done = await ctx.signIn?.(own, `${path}/login/cognito`);
      await ask(ctx, other);
      const there = await other.open(done?.callback ?? '/');
      await own.submit(path, { answer: 'deny' }, { origin: await issuerOf(ctx) });
      return [there, await allow(ctx, other, path)];
    },
    (list, ctx) => ifCode(list, ctx) || list.some(opensSession),
  ),
  caseOf(theme)(
    'oauth-silent',
    'an Allow before the login',
    ['signIn'],
    async (ctx) => {
      const visitor = ctx.visitor();
      return [await allow(ctx, visitor, await ask(ctx, visitor))];
    },
    unlessDenied,
  ),
  caseOf(theme)(
    'oauth-silent',
    'an Allow in the query of the question',
    ['signIn'],
    (ctx) => asked(ctx, async (visitor, path) => [await visitor.open(`${path}?answer=allow`)]),
    ifCode,
  ),
  caseOf(theme)(
    'oauth-silent',
    'a second request of the same client, after an Allow',
    ['signIn'],
    async (ctx) => {
      const visitor = ctx.visitor();
      const first = await question(ctx, visitor);
      const code = codeIn(await allow(ctx, visitor, first));
      if (code === undefined) throw new Error('the person could not allow the client anything');
      const second = await ask(ctx, visitor);
      const answers = [await visitor.open(second), await allow(ctx, visitor, second)];
      await redeem(ctx, code);
      return answers;
    },
    ifCode,
  ),
  caseOf(theme)(
    'oauth-silent',
    'an Allow after a Deny',
    ['signIn'],
    (ctx) =>
      asked(ctx, async (visitor, path) => {
        await visitor.submit(path, { answer: 'deny' }, { origin: await issuerOf(ctx) });
        return [await allow(ctx, visitor, path)];
      }),
    unlessDenied,
  ),
  caseOf(theme)(
    'oauth-exists',
    'an Allow for a server that no rule lets the person use',
    ['signIn'],
    async (ctx) => {
      const visitor = ctx.visitor();
      const resource = `${await issuerOf(ctx)}/no-such-server/mcp`;
      const path = await question(ctx, visitor, { resource });
      return [await allow(ctx, visitor, path)];
    },
    unlessDenied,
  ),
  caseOf(theme)(
    'oauth-silent',
    'a question that the browser loads in advance, or shows in a frame',
    ['signIn'],
    (ctx) =>
      asked(ctx, async (visitor, path) => {
        const ahead = { accept: 'text/html', cookie: visitor.cookie('mcp_gateway_browser'), 'sec-purpose': 'prefetch' };
        const early = await ctx.send({ method: 'GET', path, headers: ahead });
        return [early, await visitor.open(path)];
      }),
    ([early, shown]) =>
      early?.body !== '' ||
      shown?.status !== 200 ||
      !String(shown.headers['content-security-policy']).includes("frame-ancestors 'none'"),
  ),
];

import type { Answer } from '../../answer.ts';
import { type Case, caseOf } from '../../case.ts';
import { jsonOf, listWith, logIn, redirectUri, refresh, register, revoke } from './client.ts';

const control = (name: string, needs: Case['needs'], send: Case['send'], through: Case['through']) =>
  caseOf('Controls')('control', name, ['registration', ...needs], send, through);

const hasList = ({ status, body }: Answer) => status === 200 && body.includes('"tools":[');

/** What clients must be able to do. */
export const clientControls: Case[] = [
  control(
    'the metadata of the authorization server names this gateway, codes and S256 (RFC 8414)',
    [],
    async (ctx) => [await ctx.send({ method: 'GET', path: '/.well-known/oauth-authorization-server' })],
    ([answer], { target }) => {
      const said = answer ? jsonOf(answer) : {};
      const lists = JSON.stringify([said.response_types_supported, said.code_challenge_methods_supported]);
      return said.issuer === target.url.origin && lists === '[["code"],["S256"]]';
    },
  ),
  control(
    'a client registers itself (RFC 7591)',
    [],
    async (ctx) => [await register(ctx, { client_name: 'npm run attack', redirect_uris: [redirectUri] })],
    ([answer]) => answer?.status === 201 && typeof jsonOf(answer).client_id === 'string',
  ),
  control(
    'a client gets a code after a login and an Allow, lists tools, refreshes, and is out when it has ended its access',
    ['signIn'],
    async (ctx) => {
      const { access, refresh: kept } = await logIn(ctx);
      const answers = [await listWith(ctx, access), await refresh(ctx, kept)];
      await revoke(ctx, String(jsonOf(answers[1] as Answer).refresh_token));
      return [...answers, await refresh(ctx, kept)];
    },
    ([list, refreshed, ended]) =>
      list !== undefined && hasList(list) && refreshed?.status === 200 && ended?.status === 400,
  ),
];

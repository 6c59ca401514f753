import type { Answer } from '../answer.ts';
import { type Case, caseOf } from '../case.ts';
import { locationOf } from '../visitor.ts';

const theme = 'Redirects';
const start = '/oauth2/login/cognito';
const elsewhere = [
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '/%09/evil.example',
  '/%5cevil.example',
  'https:evil.example',
  '///evil.example',
  '/\t/evil.example',
  'javascript:alert(1)',
  '\\\\evil.example',
  'http://localhost.evil.example/',
  '/.evil.example//evil.example/..',
  '/x\r\nSet-Cookie: a=b',
  '@evil.example',
];
const away = (path: string, to: string) => `${path}?redirect_uri=${encodeURIComponent(to)}`;

/** Whether a response redirects or links to the attacker's host, or sets the attacker's cookie. */
function leadsAway({ headers, body }: Answer, url: URL): boolean {
  const { location } = headers;
  if (typeof location === 'string') {
    const to = URL.parse(location, url);
    if (!to || to.hostname.endsWith('evil.example') || !/^https?:$/.test(to.protocol)) return true;
  }
  return (
    /(href|action|src|content)="[^"]*evil\.example(?!%)[^"]*"/i.test(body.replace(/redirect_uri=[^"&]*/g, '')) ||
    headers['set-cookie'] === 'a=b'
  );
}

/** After a complete login the browser must stay at the gateway. */
const redirects = elsewhere.map((to) =>
  caseOf(theme)(
    'J10 j',
    `redirect_uri=${JSON.stringify(to)} after the login`,
    ['signIn'],
    async (ctx) => {
      const done = await ctx.signIn?.(ctx.visitor(), away(start, to));
      return done ? [done.answer] : [];
    },
    ([answer], { target: { url } }) =>
      answer?.status !== 302 || locationOf(answer, url)?.origin !== url.origin || leadsAway(answer, url),
  ),
);

/** A page that an attacker can link to: it must not redirect elsewhere, contain a script or fail. */
const harmless = (path: string, source: string, name: string, headers: Record<string, string> = {}): Case =>
  caseOf(theme)(
    source,
    name,
    [],
    async (ctx) => [await ctx.send({ method: 'GET', path, headers: { accept: 'text/html', ...headers } })],
    (answers, { target: { url } }) =>
      answers.some((answer) => leadsAway(answer, url) || /<script>alert/.test(answer.body) || answer.status >= 500),
  );

const linksAway = (count: number, path: string, source: string, where: string) =>
  elsewhere
    .slice(0, count)
    .map((to) => harmless(away(path, to), source, `redirect_uri=${JSON.stringify(to)} ${where}`));

/** Addresses that an attacker may send users to. */
export const redirections: Case[] = [
  ...redirects,
  ...linksAway(elsewhere.length, '/oauth2/logout/cognito', 'J10 j3', 'at logout'),
  ...linksAway(4, '/oauth2/logout/github', 'j3', 'at the logout of an unknown provider'),
  ...linksAway(6, '/login', 'J10', 'on the login page'),
  harmless('/oauth2/callback/cognito?error=a%26error%3Db', 'j5', 'an error that injects parameters'),
  harmless(
    '/oauth2/callback/cognito?error=%3Cscript%3Ealert(1)%3C/script%3E&error_description=%3Cscript%3Ealert(1)%3C/script%3E',
    'GHSA-gmfg-3v4q-9qr4',
    'a script as the error',
  ),
  harmless(
    '/login?redirect_uri=%22%3E%3Cscript%3Ealert(1)%3C/script%3E',
    'GHSA-gmfg-3v4q-9qr4',
    'a script in redirect_uri',
  ),
  harmless('/oauth2/login/%3Cscript%3Ealert(1)%3C%2Fscript%3E', 'GHSA-gmfg-3v4q-9qr4', 'a script as the provider'),
  harmless('/oauth2/login/__proto__', 'own', 'a provider named __proto__'),
  harmless('/oauth2/callback/cognito?code=x&state=x&state=y', 'own', 'two states'),
  harmless(start, 'own', 'a login with 300 login cookies planted by another site on this host', {
    cookie: Array.from({ length: 300 }, (_, i) => `mcp_gateway_login_${i}=x`).join('; '),
  }),
];

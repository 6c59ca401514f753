import { decisionsQuery } from '../../../../common/doors/decisions.ts';
import { approvalsPolicy, approvalsScene } from '../../../support/auth-server/approvals-scene.ts';
import { now, publicUrl, registryPage, secretKey } from '../../../support/auth-server/auth-fixture.ts';
import { signLocalSession } from '../../../support/auth-server/local-session.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const { auth, cognito } = await authServerWithPool({ policyText: approvalsPolicy, allowLocalSessions: true });
const { signedIn, judge, show, press, signIn, approve, refuse } = approvalsScene(auth);
let last = 0;
/** Arguments that no other test uses. */
const unique = () => ({ number: ++last });
const events = async () => {
  const { decisions } = await auth.audit.ask('page', {
    query: decisionsQuery.parse({ limit: 200, tool: 'approvals/' }),
    visible: { servers: 'all' },
  });
  return decisions.map(({ username, server, method, object, about_name, detail }) =>
    [method, username, about_name, server, object, detail].join(' | '),
  );
};

test('A person approves their own call after a new sign-in, and it passes once', async () => {
  const bob = await signedIn('bob');
  const args = { to: 'erin', ...unique() };
  const held = await judge(bob, 'own', args);
  expect(held).toMatchObject({ is: 'approval_needed', page: expect.stringMatching(/^\/approvals\/[\w-]{22}$/) });
  expect(held.message).toBe(
    `Calling own on currenttime has to be approved by you yourself at ${publicUrl}${held.page}. Then repeat the same call: an approval is good for one call, for five minutes.`,
  );
  const page = await show(bob, held.page);
  expect(page.status).toBe(200);
  expect(page.words).toContain('You are about to call own on currenttime');
  expect(page.words).toContain('&quot;to&quot;: &quot;erin&quot;');
  expect(page.words).toContain('you sign in once more at Amazon Cognito');
  expect(await approve(bob, held.page, 'bob')).toMatchObject({ status: 303, location: held.page });
  const after = await show(bob, held.page);
  expect(after.words).toContain('Go back to your client and let it repeat the call.');
  expect(after.words).toContain('Approved by you. The sign-in for it was new.');
  expect((await judge(bob, 'own', args)).is).toBe('allowed');
  expect((await show(bob, held.page)).words).toContain('and used up');
  const again = await judge(bob, 'own', args);
  expect(again.is).toBe('approval_needed');
  expect(again.page).not.toBe(held.page);
  expect(await events()).toEqual(
    expect.arrayContaining([
      'approvals/approve | bob | bob | currenttime | own | their own call, after a new sign-in',
      'approvals/use | bob | bob | currenttime | own | approved by themselves',
    ]),
  );
  for (const secret of ['erin', '"to"']) expect(auth.lines.join('')).not.toContain(secret);
});

test('An operator approves the call of another, and never their own', async () => {
  const [bob, dave] = [await signedIn('bob'), await signedIn('dave')];
  const args = unique();
  const held = await judge(bob, 'theirs', args);
  expect(held.message).toContain('has to be approved by a member of mcp-registry-operator at');
  expect((await show(bob, held.page)).words).toContain('It waits for a member of mcp-registry-operator.');
  expect((await press(bob, held.page)).address).toBeUndefined();
  expect((await show(dave, '/approvals')).words).toMatch(/theirs on currenttime Asked by bob/);
  expect((await show(dave, held.page)).words).toContain('You approve as a member of mcp-registry-operator.');
  await approve(dave, held.page, 'dave');
  expect((await show(bob, held.page)).words).toContain('Approved by dave, as a member of');
  expect((await judge(bob, 'theirs', args)).is).toBe('allowed');
  const own = await judge(dave, 'theirs', args);
  expect((await show(dave, own.page)).words).toContain('You cannot approve it yourself.');
  expect(await press(dave, own.page)).toMatchObject({ status: 403, address: undefined });
  expect((await judge(dave, 'theirs', args)).is).toBe('approval_needed');
});

test('Either of two approves where either may', async () => {
  const [bob, dave] = [await signedIn('bob'), await signedIn('dave')];
  for (const [visitor, name] of [
    [bob, 'bob'],
    [dave, 'dave'],
  ] as const) {
    const args = unique();
    const held = await judge(bob, 'either', args);
    expect(held.message).toContain('by you yourself, or a member of mcp-registry-operator');
    await approve(visitor, held.page, name);
    expect((await judge(bob, 'either', args)).is).toBe('allowed');
  }
});

test('Opening pages approves nothing, prefetching does not even show them, and another site cannot press the button', async () => {
  const bob = await signedIn('bob');
  const args = unique();
  const { page } = await judge(bob, 'own', args);
  for (const path of [page, `${page}?answer=approve`, '/approvals']) await show(bob, path);
  expect((await bob.get(page, { 'Sec-Purpose': 'prefetch' })).status).toBe(503);
  for (const headers of [
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    {},
    { Origin: publicUrl, 'Sec-Fetch-Site': 'same-site' },
  ] as Record<string, string>[])
    expect(await press(bob, page, headers)).toMatchObject({ status: 403, address: undefined });
  expect((await judge(bob, 'own', args)).page).toBe(page);
});

test('Only the caller and those who may approve see a call; others get the page of one that never was', async () => {
  const [bob, carol, dave] = [await signedIn('bob'), await signedIn('carol'), await signedIn('dave')];
  const { page } = await judge(bob, 'own', { secret: 'of-bob', ...unique() });
  const never = `/approvals/${'x'.repeat(22)}`;
  for (const visitor of [carol, dave]) {
    const [seen, none] = [await show(visitor, page), await show(visitor, never)];
    expect([seen.status, seen.words]).toEqual([404, none.words]);
    expect((await press(visitor, page)).status).toBe(404);
    expect((await show(visitor, '/approvals')).html).not.toContain(page);
  }
});

test.each<[string, () => Promise<Record<string, string>>, number]>([
  ['no session', async () => ({ cookie: '' }), 303],
  [
    'a locally signed session',
    async () => {
      const claims = { sub: 'dev', username: 'dev', groups: ['mcp-registry-operator'], iat: now(), exp: now() + 600 };
      return { cookie: `${auth.cookieName}=${await signLocalSession(secretKey, claims)}` };
    },
    403,
  ],
  [
    'a session of the command line',
    async () => ({ cookie: await auth.session({ oauthClient: 'mcp-gateway', groups: ['mcp-registry-operator'] }) }),
    403,
  ],
])('The pages want a sign-in in a browser, and get %s', async (_what, headersOf, status) => {
  const bob = await signedIn('bob');
  const { page } = await judge(bob, 'theirs', unique());
  const headers = await headersOf();
  for (const path of ['/approvals', page]) expect((await bob.get(path, headers)).status).toBe(status);
  const pressed = await press(bob, page, { Origin: publicUrl, ...headers });
  expect(pressed).toMatchObject({ status, address: undefined });
});

test('The sign-in counts for the person who pressed the button only, and while their session stands', async () => {
  const bob = await signedIn('bob');
  const args = unique();
  const { page } = await judge(bob, 'own', args);
  const other = await bob.get(await signIn((await press(bob, page)).address, 'carol'));
  expect([other.status, await other.text()]).toEqual([403, expect.stringContaining('Another person has signed in')]);
  const back = await signIn((await press(bob, page)).address, 'bob');
  await auth.store.sessions.end({ user: 'bob' });
  expect((await bob.get(back)).status).toBe(403);
  expect((await judge(await signedIn('bob'), 'own', args)).page).toBe(page);
});

test('A callback that comes twice, or in another browser, approves nothing more', async () => {
  const [bob, elsewhere] = [await signedIn('bob'), await signedIn('bob')];
  const args = unique();
  const { page } = await judge(bob, 'own', args);
  const back = await signIn((await press(bob, page)).address, 'bob');
  await elsewhere.get(back);
  expect((await judge(bob, 'own', args)).is).toBe('approval_needed');
  await bob.get(back);
  expect((await judge(bob, 'own', args)).is).toBe('allowed');
  await bob.get(back);
  expect((await judge(bob, 'own', args)).is).toBe('approval_needed');
});

test('An operator who has lost the group since they opened the page approves nothing', async () => {
  const [bob, dave] = [await signedIn('bob'), await signedIn('dave')];
  const args = unique();
  const { page } = await judge(bob, 'theirs', args);
  const { address } = await press(dave, page);
  cognito.control.updatePerson('dave', { groups: [] });
  const late = await dave.get(await signIn(address, 'dave'));
  cognito.control.updatePerson('dave', { groups: ['mcp-registry-operator'] });
  expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('You are in no group that may')]);
  expect((await judge(bob, 'theirs', args)).page).toBe(page);
});

test('An approval counts no more when the approver has signed out before the call', async () => {
  const [bob, dave] = [await signedIn('bob'), await signedIn('dave')];
  const args = unique();
  const { page } = await judge(bob, 'theirs', args);
  await approve(dave, page, 'dave');
  await auth.store.sessions.end({ user: 'dave' });
  const again = await judge(bob, 'theirs', args);
  expect(again.page).toMatch(/^\/approvals\//);
  expect(again.page).not.toBe(page);
  expect((await show(bob, page)).words).toContain('This approval counts no more');
});

test('The page says what an approval proves where the provider did not ask who is there', async () => {
  const bob = await signedIn('bob');
  const args = unique();
  const { page } = await judge(bob, 'own', args);
  const { address } = await press(bob, page);
  expect(address).toContain('prompt=login');
  // As a provider says that let the person through by an earlier sign-in.
  cognito.control.skew(-600);
  await bob.get(await signIn(address, 'bob'));
  cognito.control.skew(0);
  expect((await show(bob, page)).words).toContain('The provider did not say that the sign-in for it was new:');
  expect((await judge(bob, 'own', args)).is).toBe('allowed');
});

test('A refused call is not asked for again, and the caller is told', async () => {
  const bob = await signedIn('bob');
  const args = unique();
  const { page } = await judge(bob, 'own', args);
  expect(await refuse(bob, page)).toBe(303);
  expect((await show(bob, page)).words).toContain('Refused by you.');
  const told = await judge(bob, 'own', args);
  expect(told).toMatchObject({ is: 'approval_needed', page: '' });
  expect(told.message).toBe(
    'This call of own on currenttime was refused by a person. Do not repeat it: ask them why, or call with other arguments.',
  );
  expect((await judge(bob, 'own', unique())).page).not.toBe('');
  expect(await events()).toContain('approvals/refuse | bob | bob | currenttime | own | their own call');
});

test('An approval can be taken back until it is used', async () => {
  const bob = await signedIn('bob');
  const args = unique();
  const { page } = await judge(bob, 'own', args);
  await approve(bob, page, 'bob');
  await refuse(bob, page);
  expect((await judge(bob, 'own', args)).message).toContain('was refused by a person');
});

test('Hidden characters are spelled out, and nothing of the arguments acts on the page', async () => {
  const bob = await signedIn('bob');
  const args = { note: 'pay\u202eylno\u200b<script>alert(1)</script>\u{e0041}', ...unique() };
  const { page } = await judge(bob, 'own', args);
  const { html, headers } = await show(bob, page);
  expect(html).toContain('pay\\u{202e}ylno\\u{200b}&lt;script&gt;alert(1)&lt;/script&gt;\\u{e0041}');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('content-security-policy')).not.toContain('script-src');
  expect(headers.get('cache-control')).toBe('no-store');
});

test('Arguments larger than 16 kB are refused with a sentence and held for no one', async () => {
  const bob = await signedIn('bob');
  const told = await judge(bob, 'own', { text: 'a'.repeat(16_384) });
  expect(told).toMatchObject({ is: 'approval_needed', page: '' });
  expect(told.message).toContain('larger than the 16 kB that can be held');
  expect((await judge(bob, 'own', { text: 'a'.repeat(16_000) })).page).not.toBe('');
});

test('What needs no approval passes, what no rule allows does not, and a list shows held tools', async () => {
  const bob = await signedIn('bob');
  expect((await judge(bob, 'plain')).is).toBe('allowed');
  expect((await judge(bob, 'none')).is).toBe('not_permitted');
  expect((await judge(await signedIn('carol'), 'own')).is).toBe('not_permitted');
  const unrouted = await judge(bob, 'own', {}, {}, { 'X-Mcp-Routed': '' });
  expect(unrouted.page).toBe('');
});

test('A call of the same person with another of their clients is the same call', async () => {
  const [one, other] = [await signedIn('bob'), await signedIn('bob')];
  const args = unique();
  const { page } = await judge(one, 'own', args);
  expect((await judge(other, 'own', args)).page).toBe(page);
  await approve(one, page, 'bob');
  expect((await judge(other, 'own', args)).is).toBe('allowed');
});

test('The registry learns how many calls wait for a person', async () => {
  const dave = await signedIn('dave');
  const { headers } = await auth.validate({ ...registryPage, Cookie: dave.cookies() }, undefined);
  const ask = async (assertion: string) => {
    const answer = await fetch(`${auth.url}/account/approvals`, { headers: { 'X-Mcp-Assertion': assertion } });
    return [answer.status, await answer.json()];
  };
  const operator = { subject: 'dafe0000-0000-4000-8000-000000000004', groups: ['mcp-registry-operator'] };
  const before = (await auth.holdAnswers.waiting(operator)).filter(({ mayAnswer }) => mayAnswer);
  await judge(await signedIn('bob'), 'theirs', unique());
  expect(await ask(headers.get('x-mcp-assertion') ?? '')).toEqual([200, { waiting: before.length + 1 }]);
  expect((await ask('none'))[0]).toBe(401);
});

test('The metrics count what became of calls', async () => {
  const text = await auth.metrics.text();
  for (const result of ['asked', 'repeated', 'approved', 'refused', 'used', 'refused_again'])
    expect(text).toMatch(new RegExp(`mcp_gateway_approvals_total\\{result="${result}"\\} [1-9]`));
});

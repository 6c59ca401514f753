import { readFileSync } from 'node:fs';
import { AuthError } from '../../../../auth-server/denials/auth-error.ts';
import type { AuthErrorCode } from '../../../../auth-server/denials/codes.ts';
import type { Principal } from '../../../../auth-server/identity/principal.ts';
import { networkOf } from '../../../../auth-server/limits/rate-limit.ts';
import { createThrottle, type ThrottleLimits } from '../../../../auth-server/limits/throttle.ts';
import type { OriginalRequest } from '../../../../auth-server/request/original-request.ts';

const person = { kind: 'person', subject: 'alice' } as Principal;
const agent = { kind: 'agent', subject: 'alice' } as Principal;
const limits = { failuresPerCredential: 3, failuresPerAddress: 0, requestsPerPrincipal: 0 };

async function answerOf(asking: () => Promise<Principal>): Promise<string> {
  try {
    await asking();
    return 'allowed';
  } catch (error) {
    return (error as AuthError).code;
  }
}

function throttled(change: Partial<ThrottleLimits> = {}) {
  const throttle = createThrottle({ ...limits, ...change });
  let verified = 0;
  let asked = 0;
  const ask = async (who: Who, outcome: Principal | AuthErrorCode) => {
    const atOnce = () => {
      verified++;
      if (typeof outcome === 'string') throw new AuthError(outcome, 'Refused.');
      return outcome;
    };
    // Alternate: a cached token is found synchronously, another one must be verified first.
    const identify = asked++ % 2 === 0 ? atOnce : async () => atOnce();
    return await answerOf(async () => await throttle(requestOf(who), identify));
  };
  /** Asks `count` times and returns the last answer. */
  const times = async (count: number, who: Who | ((i: number) => Who), outcome: Principal | AuthErrorCode) => {
    let last = '';
    for (let i = 0; i < count; i++) last = await ask(typeof who === 'function' ? who(i) : who, outcome);
    return last;
  };
  return { ask, times, verified: () => verified };
}

interface Who {
  token?: string;
  cookie?: string;
  address?: string;
}

function requestOf({ token, cookie, address = '203.0.113.9' }: Who): OriginalRequest {
  const authorization = token && `Bearer ${token.padStart(60, '.')}`;
  return { credentials: { authorization, cookie }, address: address || undefined } as OriginalRequest;
}

describe('a credential that is rejected too often', () => {
  test.each<[string, Who, AuthErrorCode]>([
    ['a string that is not a token', { token: 'bad' }, 'token_invalid'],
    ['a token that has expired', { token: 'old' }, 'token_expired'],
    ['a header that is unreadable', { token: 'x y' }, 'authorization_unreadable'],
    ['a session that has ended', { cookie: 's=1' }, 'session_ended'],
    ['a revoked token', { token: 'was good' }, 'access_revoked'],
  ])('is throttled without being verified: %s', async (_what, who, code) => {
    const { ask, times, verified } = throttled();
    expect(await times(3, who, code)).toBe(code);
    expect(await ask(who, code)).toBe('too_many_requests');
    expect(verified()).toBe(3);
  });

  test('does not block others at the same address, nor itself at another address', async () => {
    const { ask, times } = throttled();
    expect(await times(9, { token: 'bad' }, 'token_invalid')).toBe('too_many_requests');
    expect(await ask({ token: 'good' }, agent)).toBe('allowed');
    expect(await ask({ cookie: 's=1' }, person)).toBe('allowed');
    expect(await ask({ token: 'other' }, 'token_invalid')).toBe('token_invalid');
    expect(await ask({ token: 'bad', address: '203.0.113.10' }, 'token_invalid')).toBe('token_invalid');
  });

  test.each<[string, AuthErrorCode, Who]>([
    ['no credential at all, as each MCP client begins', 'credentials_missing', {}],
    ['a valid token from a page of another origin', 'origin_not_allowed', { token: 't' }],
    ['a provider that cannot be reached', 'identity_provider_unavailable', { token: 't' }],
    ['a database that cannot be reached', 'store_unavailable', { cookie: 's=1' }],
    ['groups that cannot be confirmed', 'groups_unconfirmed', { cookie: 's=1' }],
  ])('is not throttled for: %s', async (_what, code, who) => {
    const { times } = throttled({ failuresPerAddress: 3 });
    expect(await times(20, who, code)).toBe(code);
  });

  test('gets Retry-After in seconds', async () => {
    const throttle = createThrottle({ ...limits, failuresPerCredential: 1 });
    const ask = async () =>
      await throttle(requestOf({ token: 't' }), () => Promise.reject(new AuthError('token_invalid', 'No.')));
    await ask().catch(() => undefined);
    await expect(ask()).rejects.toMatchObject({
      details: { retryAfter: 60 },
      message: expect.stringContaining('60 s'),
    });
  });

  test('is not counted without an address, because then all callers would look like one', async () => {
    const { times } = throttled({ failuresPerAddress: 3 });
    expect(await times(9, { token: 'bad', address: '' }, 'token_invalid')).toBe('token_invalid');
  });
});

describe('an address that sends many different invalid tokens', () => {
  const flood = (i: number): Who => ({ token: `bad-${i}` });
  const busy = () => throttled({ failuresPerCredential: 3, failuresPerAddress: 10 });

  test('is throttled for unknown tokens', async () => {
    const { ask, times, verified } = busy();
    expect(await times(10, flood, 'token_invalid')).toBe('token_invalid');
    expect(await ask({ token: 'another' }, 'token_invalid')).toBe('too_many_requests');
    expect(verified()).toBe(10);
  });

  test('is still allowed with tokens that were valid before, and with sessions', async () => {
    const { ask, times } = busy();
    expect(await ask({ token: 'good' }, agent)).toBe('allowed');
    await times(50, flood, 'token_invalid');
    expect(await ask({ token: 'good' }, agent)).toBe('allowed');
    expect(await ask({ cookie: 's=1' }, person)).toBe('allowed');
    expect(await ask({ cookie: 's=bad' }, 'session_invalid')).toBe('session_invalid');
  });

  test('gets the true reason for a token that was valid and no longer is', async () => {
    const { ask, times } = busy();
    await ask({ token: 'good' }, agent);
    await times(50, flood, 'token_invalid');
    expect(await ask({ token: 'good' }, 'access_revoked')).toBe('access_revoked');
  });

  test('gets no extra attempts with tokens that end like a valid one', async () => {
    const { ask, times } = busy();
    const end = `.${'s'.repeat(50)}`;
    expect(await ask({ token: `good${end}` }, agent)).toBe('allowed');
    await times(10, flood, 'token_invalid');
    expect(await ask({ token: `made up${end}` }, 'token_invalid')).toBe('too_many_requests');
    expect(await ask({ token: `good${end}` }, agent)).toBe('allowed');
  });

  test.each<[string, (i: number) => Who, AuthErrorCode]>([
    ['tokens have expired', (i) => ({ token: `old-${i}` }), 'token_expired'],
    ['tokens were revoked', (i) => ({ token: `old-${i}` }), 'access_revoked'],
    ['sessions have ended', (i) => ({ cookie: `s=${i}` }), 'session_ended'],
    ['cookies are invalid', (i) => ({ cookie: `s=${i}` }), 'session_invalid'],
  ])('is not a company network whose %s: its next token is accepted', async (_what, who, code) => {
    const { ask, times } = busy();
    expect(await times(50, who, code)).toBe(code);
    expect(await ask({ token: 'new' }, agent)).toBe('allowed');
  });

  test('does not block other addresses', async () => {
    const { ask, times } = busy();
    await times(50, flood, 'token_invalid');
    expect(await ask({ token: 'new', address: '203.0.113.10' }, agent)).toBe('allowed');
  });

  test('is not one where a single agent repeats its invalid token', async () => {
    const { ask, times } = busy();
    await times(500, { token: 'bad' }, 'token_invalid');
    expect(await ask({ token: 'new' }, agent)).toBe('allowed');
  });

  test.each([
    ['2001:db8:1:2::5', '2001:db8:1:2:aaaa:bbbb:cccc:dddd', 'too_many_requests'],
    ['2001:db8::5', '2001:db8::6:7', 'too_many_requests'],
    ['2001:db8:1:2::5', '2001:db8:1:3::5', 'allowed'],
    ['::ffff:203.0.113.9', '::ffff:203.0.113.10', 'allowed'],
    ['64:ff9b::203.0.113.9', '64:ff9b::203.0.113.10', 'allowed'],
    ['2001::2:a:b:c:d', '2001::3:a:b:c:d', 'allowed'],
    ['2001:db8:1:0:a::1', '2001:db8:1::5', 'too_many_requests'],
    ['::1', '::2', 'allowed'],
  ])('%s and %s: %s', async (one, other, outcome) => {
    const { ask, times } = busy();
    await times(10, (i) => ({ ...flood(i), address: one }), 'token_invalid');
    expect(await ask({ token: 'new', address: other }, agent)).toBe(outcome);
  });
});

describe('a caller that sends more requests than REQUESTS_PER_MINUTE', () => {
  test('is throttled from any address and with any credential; others are not', async () => {
    const { ask, times } = throttled({ requestsPerPrincipal: 5 });
    const anywhere = (i: number): Who => ({ token: `t${i}`, address: `203.0.113.${i}` });
    expect(await times(5, anywhere, agent)).toBe('allowed');
    expect(await ask({ token: 'new', address: '' }, agent)).toBe('too_many_requests');
    expect(await ask({ cookie: 's=1' }, person)).toBe('allowed');
  });
});

test('A limit of 0 means unlimited', async () => {
  const { times } = throttled({ failuresPerCredential: 0 });
  expect(await times(500, { token: 'bad' }, 'token_invalid')).toBe('token_invalid');
  expect(await times(500, { token: 'good' }, agent)).toBe('allowed');
});

/** As nginx evaluates a map: the first regular expression that matches. */
function nginxNetworkOf(address: string): string {
  const text = readFileSync('nginx/gate/maps.conf', 'utf8');
  const map = text.slice(text.indexOf('map $remote_addr $client_network')).split('\n}')[0] ?? '';
  const rules = [...map.matchAll(/^ +"~(.+)" \$(\w+);$/gm)];
  expect(rules.length).toBeGreaterThan(2);
  for (const [, pattern = '', variable = ''] of rules) {
    const found = new RegExp(pattern).exec(address);
    if (found) return found.groups?.[variable] ?? address;
  }
  return address;
}

test.each([
  ['203.0.113.9', '203.0.113.10'],
  ['::ffff:203.0.113.9', '::ffff:203.0.113.10'],
  ['64:ff9b::cb00:7109', '64:ff9b::cb00:710a'],
  ['2001:db8:1:2::5', '2001:db8:1:3::5'],
  ['2001:db8::5', '2001:db9::5'],
  ['2001::2:a:b:c:d', '2001::3:a:b:c:d'],
  ['::1', '::2'],
])('%s and %s are two for nginx and for the auth-server', (one, other) => {
  for (const network of [networkOf, nginxNetworkOf]) expect(network(one)).not.toBe(network(other));
});

test.each([
  ['2001:db8:1:2::5', '2001:db8:1:2:a:b:c:d'],
  ['2001:db8::5', '2001:db8::6:7'],
  ['2001::2:a:b:c:d', '2001::2:a:b:c:e'],
])('%s and %s are one for nginx and for the auth-server', (one, other) => {
  for (const network of [networkOf, nginxNetworkOf]) expect(network(one)).toBe(network(other));
});

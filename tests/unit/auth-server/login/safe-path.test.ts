import { safePath } from '../../../../auth-server/login/safe-path.ts';

const publicUrl = 'http://localhost:8080';

describe('the target after a login', () => {
  test.each([
    '/',
    '/servers',
    '/servers/currenttime?tab=tools&x=%2F#top',
    '/a//b',
    '/logins',
    '/oauth2x',
    '/@x',
    '/a:b',
  ])('may be our %s', (path) => {
    expect(safePath(path, publicUrl)).toBe(path);
  });

  test.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/a\\..\\..\\evil',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\nLocation: //evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/%09/evil.example',
    '/%2f/evil.example',
    '/%2F%2Fevil.example',
    '/%5cevil.example',
    '/%5C/evil.example',
    '/./\\evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/a/%2e%2e//evil.example',
    'https:evil.example',
    'https://evil.example/',
    'http://localhost:8080.evil.example/',
    'http://localhost:8080@evil.example/',
    'http://localhost:8080/servers',
    '@evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'servers',
    '?x=1',
    '#x',
    '',
    '/größe',
    '/a b',
    '/a\u0000',
    '/\u2215evil.example',
    `/${'x'.repeat(1000)}`,
    '/login',
    '/login?redirect_uri=/login',
    '/login/',
    '/login#again',
    '/LOGIN',
    '/oauth2/login/cognito',
    '/oauth2/logout/cognito',
    '/oauth2',
    '/servers/../login',
    undefined,
    null,
    7,
    ['/servers'],
    { path: '/servers' },
  ])('is / instead of %j', (wanted) => {
    expect(safePath(wanted, publicUrl)).toBe('/');
  });
});

describe('a path that only looks like another', () => {
  test.each(['/servers/login', '/docs?next=/login', '/a/oauth2/b', '/a/%2f', '/servers?x=//evil.example'])(
    '%s is followed, because it leads neither to a login nor to another host',
    (path) => {
      expect(safePath(path, publicUrl)).toBe(path);
    },
  );

  test.each(['/a?x=\\', '/a?x=\\/b', '/a#\\evil.example', '/a?x=\\/b\\c'])(
    '%j is not followed: some parsers read a backslash as a slash, at any place',
    (path) => {
      expect(safePath(path, publicUrl)).toBe('/');
    },
  );

  test('of a thousand characters is followed, a longer one is not', () => {
    const path = (length: number) => `/${'x'.repeat(length - 1)}`;
    expect(safePath(path(1000), publicUrl)).toBe(path(1000));
    expect(safePath(path(1001), publicUrl)).toBe('/');
  });
});

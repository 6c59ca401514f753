import { isServerName, reservedNames } from '../../policy/names.ts';

describe('what a server may be called', () => {
  test.each(['currenttime', 'mcpgw', 'a', '0', 'my-server_2', 'x'.repeat(63)])('%s is a name', (name) => {
    expect(isServerName(name)).toBe(true);
  });

  test.each([
    '',
    'x'.repeat(64),
    'Upper',
    '-a',
    '_a',
    'a.b',
    'a/b',
    '../a',
    'a b',
    'a\n',
    'a;b',
    'a%2f',
    'é',
    '*',
    '$x',
  ])('%j is none: it would be another path, map key or file name than it looks', (name) => {
    expect(isServerName(name)).toBe(false);
  });

  test.each([...reservedNames])('%s is none, because the gateway answers there itself', (name) => {
    expect(isServerName(name)).toBe(false);
  });

  test.each(['registry', 'oauth2', 'login', 'validate', 'health', 'v0', 'all', 'api', 'static'])(
    '%s is among the reserved names',
    (name) => {
      expect(reservedNames.has(name)).toBe(true);
    },
  );
});

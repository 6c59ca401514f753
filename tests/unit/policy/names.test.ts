import { isServerName, reservedNames } from '../../../policy/names.ts';

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

describe('a word that stands for something of the gateway', () => {
  test.each([
    ['all', 'every server, in the policy file'],
    ['api', "the registry's API"],
    ['auth-server', 'a service, and its name in logs and /health'],
    ['auth_server', 'the auth-server, in policy files of the Python original'],
    ['health', 'the health of the gateway'],
    ['login', 'the login page'],
    ['logout', 'signing out'],
    ['metrics', 'what is measured'],
    ['nginx', 'the gate itself'],
    ['oauth2', 'the way through the identity provider'],
    ['registry', 'a service, and an audience of assertions'],
    ['relay', 'a service'],
    ['servers', 'the pages of servers'],
    ['static', 'styles and icons'],
    ['v0', 'the API of MCP registries'],
    ['validate', 'the question that the gate asks'],
  ])('%s (%s) is no name of a server, but longer names may start with it', (name) => {
    expect(isServerName(name)).toBe(false);
    expect(isServerName(`${name}-2`)).toBe(true);
  });
});

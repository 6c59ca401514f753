import { isServerName, reservedNames } from '../../../policy/names.ts';

describe('the name of a server', () => {
  test.each(['currenttime', 'mcpgw', 'a', '0', 'my-server_2', 'x'.repeat(63)])('may be %s', (name) => {
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
  ])('cannot be %j: as a path, map key or file name it would mean something else', (name) => {
    expect(isServerName(name)).toBe(false);
  });

  test.each([...reservedNames])('cannot be %s, because the gateway itself answers there', (name) => {
    expect(isServerName(name)).toBe(false);
  });

  test.each(['registry', 'oauth2', 'login', 'validate', 'health', 'v0', 'all', 'api', 'static'])(
    'cannot be %s',
    (name) => {
      expect(reservedNames.has(name)).toBe(true);
    },
  );
});

describe('a word that the gateway uses itself', () => {
  test.each([
    ['all', 'every server, in the policy file'],
    ['api', "the registry's API"],
    ['auth-server', 'a service, and its name in logs and /health'],
    ['auth_server', 'the auth-server, in policy files of the Python original'],
    ['health', 'the health of the gateway'],
    ['login', 'the login page'],
    ['logout', 'signing out'],
    ['metrics', 'the metrics'],
    ['nginx', 'the gate'],
    ['oauth2', 'the login through the identity provider'],
    ['registry', 'a service, and an audience of assertions'],
    ['relay', 'a service'],
    ['servers', 'the pages of servers'],
    ['static', 'styles and icons'],
    ['v0', 'the API of MCP registries'],
    ['validate', 'the endpoint that the gate asks'],
  ])('%s (%s) cannot be the name of a server, but longer names may start with it', (name) => {
    expect(isServerName(name)).toBe(false);
    expect(isServerName(`${name}-2`)).toBe(true);
  });
});

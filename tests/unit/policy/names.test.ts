import { isServerName, isToolName, nameFault, renameNeeded, reservedNames } from '../../../policy/names.ts';

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

describe('the name of a server that is refused', () => {
  test.each(['mcp', 'sse', 'messages', 'accounts', 'account', 'access', 'people', 'usage', 'approvals', 'requests'])(
    'because %s is an address of the gateway itself, comes with another one',
    (name) => {
      const instead = `my-${name}`;
      expect(nameFault(name)).toBe(
        `"${name}" is a name that the gateway uses itself: choose another, such as "${instead}"`,
      );
      expect(isServerName(instead)).toBe(true);
      expect(renameNeeded(name)).toBe(`rename it: npm run -s servers:rename -- ${name} ${instead}`);
    },
  );

  test.each(['icons', 'hub', 'gate'])('is %s too', (name) => expect(isServerName(name)).toBe(false));

  test.each([
    ['a__b', 'must not have two underscores in a row: choose another name, such as "a_b"'],
    ['a___b_', 'must not have two underscores in a row: choose another name, such as "a_b"'],
    ['a_', 'must not end with an underscore: choose another name, such as "a"'],
    ['mcp__', 'must not have two underscores in a row: choose another name, such as "my-mcp"'],
    ['A', 'must be 1 to 63 of a-z 0-9 _ - and start with a letter or digit'],
  ])('because %s would be read in two ways, comes with the reason', (name, fault) => {
    expect(nameFault(name)).toBe(fault);
  });

  test('needs a renaming only if an earlier version accepted it', () => {
    expect(['a', 'A/b', '*', 'x_y'].map(renameNeeded)).toEqual(Array(4).fill(undefined));
    expect(renameNeeded('a__')).toBe('rename it: npm run -s servers:rename -- a__ a');
  });
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

test.each<[name: string, boolean]>([
  ['get_issue', true],
  ['a.b/c-D', true],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
  ['', false],
  ['get_*', false],
  ['*', false],
  ['all', false],
  ['all_issues', true],
  ['a b', false],
])('whether a rule can name one tool by %j: %j', (name, expected) => expect(isToolName(name)).toBe(expected));

import { readFileSync } from 'node:fs';
import { attempt } from '../../../common/text/config-error.ts';
import { parseSeed } from '../../../stand-in/pool/seed.ts';

const SEED = readFileSync('stand-in/seed.yml', 'utf8');

const faultsOf = (text: string) => attempt(() => parseSeed(text)).faults;

/** The seed with one text replaced by another, and the line that then contains `at`. */
function changed(from: string, to: string, at: string): { text: string; line: number } {
  expect(SEED).toContain(from);
  const text = SEED.replace(from, to);
  return { text, line: text.slice(0, text.indexOf(at)).split('\n').length };
}

const bob = 'username: bob';
const agent = '  - id: 3agentclient000000000000000\n';

describe('The error for a fault in the seed file names its line and path', () => {
  test.each<[string, string, string, string, string]>([
    [
      'a word instead of a list',
      '[mcp-registry-user]',
      'mcp-registry-user',
      'groups: mcp-registry-user\n',
      'users[1].groups: Invalid input: expected array',
    ],
    [
      'a number instead of a name',
      bob,
      'username: 7',
      'username: 7',
      'users[1].username: Invalid input: expected string',
    ],
    [
      'a word instead of true',
      'require_pkce: true',
      'require_pkce: yes',
      'require_pkce',
      'clients[1].require_pkce: Invalid input: expected boolean',
    ],
    [
      'a word instead of seconds',
      agent,
      `${agent}    access_token_validity: 1h\n`,
      'access_token_validity',
      'clients[2].access_token_validity: Invalid input: expected number',
    ],
    [
      'seconds out of range',
      agent,
      `${agent}    access_token_validity: 60\n`,
      'access_token_validity',
      'clients[2].access_token_validity: Too small',
    ],
    ['an unknown status', bob, 'status: GONE\n    username: bob', 'status: GONE', 'users[1].status: Invalid option'],
    [
      'an unknown flow',
      'flows: [client_credentials]',
      'flows: [password]',
      'flows: [password]',
      'clients[2].flows[0]: Invalid option',
    ],
    [
      'an unknown kind of issuer',
      'issuer_mode: aws',
      'issuer_mode: amazon',
      'issuer_mode',
      'issuer_mode: Invalid option',
    ],
    [
      'an invalid URL',
      'http://localhost:9090/callback]',
      'localhost]',
      'callback_urls: [localhost',
      'clients[1].callback_urls[0]: must be a full URL without #',
    ],
    [
      'an unknown key of the pool',
      'issuer_mode: aws',
      'issuer_mod: aws',
      'issuer_mod:',
      'the file: Unrecognized key: "issuer_mod"',
    ],
    [
      'an unknown key whose value is on the next line',
      bob,
      'roles:\n      - x\n    username: bob',
      'roles:',
      'users[1]: Unrecognized key: "roles"',
    ],
    [
      'a missing key',
      '    password: Passw0rd!\n    email: bob@',
      '    email: bob@',
      '- username: bob',
      'users[1].password: Invalid input: expected string, received undefined',
    ],
    [
      'a group that is not listed',
      '[mcp-registry-user]',
      '[nobodys]',
      '[nobodys]',
      'users[1].groups[0]: group "nobodys" is not listed under groups',
    ],
    [
      'a scope that no resource server defines',
      '[mcp-servers-restricted/read]',
      '[a/read]',
      '[a/read]',
      'clients[3].scopes[0]: scope "a/read" is not defined by any resource server',
    ],
    [
      'a user name twice',
      'username: carol',
      'username: bob',
      'username: bob\n    sub: ca',
      'users[2].username: "bob" is there twice',
    ],
    [
      'a sub twice',
      'b0b00000-0000-4000-8000-000000000002',
      'a11ce000-0000-4000-8000-000000000001',
      bob,
      'users[1].sub: "a11ce000-0000-4000-8000-000000000001" is there twice',
    ],
    [
      'a client id twice',
      '4readeragent0000000000000',
      '3agentclient000000000000000',
      '3agentclient000000000000000\n    name: Reader',
      'clients[3].id: "3agentclient000000000000000" is there twice',
    ],
    [
      'a group twice',
      'mcp-registry-developer, mcp-registry-operator]',
      'mcp-registry-developer, mcp-registry-operator, mcp-registry-user]',
      'groups: [',
      'groups[4]: "mcp-registry-user" is there twice',
    ],
    [
      'a group of a person twice',
      'groups: [mcp-registry-user]',
      'groups: [mcp-registry-user, mcp-registry-user]',
      'groups: [mcp-registry-user,',
      'users[1].groups[1]: "mcp-registry-user" is there twice',
    ],
    ['a key twice', bob, 'username: bob\n    username: bob', 'username: bob\n    sub', 'Map keys must be unique'],
  ])('%s', (_case, from, to, at, message) => {
    const { text, line } = changed(from, to, at);
    const offset = message.startsWith('users[1].sub') ? 1 : 0;
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`line ${line + offset}: ${message}`);
  });
});

test('Two unknown keys of one client are reported as two faults, each with its line', () => {
  const { text, line } = changed(agent, `${agent}    colour: red\n    size: 1\n`, 'colour');
  expect(faultsOf(text)).toEqual([
    `line ${line}: clients[2]: Unrecognized key: "colour"`,
    `line ${line + 1}: clients[2]: Unrecognized key: "size"`,
  ]);
});

test.each([
  ['an alias without an anchor', 'region: *nowhere\n', /^line 1: /],
  ['two documents', `${SEED}\n---\n${SEED}`, /^line \d+: .*multiple documents/],
  ['tabs', 'users:\n\t- x\n', /^line 2: /],
  ['a list at the top', '- a\n', /^line 1: the file: Invalid input: expected object/],
])('A file with %s is rejected without a stack trace', (_case, text, message) => {
  expect(faultsOf(text)[0]).toMatch(message);
});

test('The shipped file has no fault', () => {
  expect(faultsOf(SEED)).toEqual([]);
});

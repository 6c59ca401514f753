import { checkRedirectUri, redirectAllowed } from '../../../../../auth-server/oauth/clients/redirects.ts';

describe('an address where a client wants its answers', () => {
  test.each([
    'https://claude.ai/api/mcp/auth_callback',
    'https://chatgpt.com/connector/oauth/abc-123',
    'https://vscode.dev/redirect',
    'https://10.1.2.3:8443/callback?tenant=one',
    'http://localhost/callback',
    'http://localhost:7777/oauth/callback',
    'http://127.0.0.1:33418/',
    'http://127.0.0.1:33418',
    'http://[::1]:9/x',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.microsoft-authentication',
    'com.example.app:/callback',
  ])('may be %s', (uri) => {
    expect(checkRedirectUri(uri)).toBe(uri);
  });

  test.each<[unknown, string]>([
    ['http://evil.example/cb', 'plain http on another machine'],
    ['http://localhost.evil.example/cb', 'a name that begins with localhost'],
    ['http://127.0.0.1@evil.example/cb', 'another machine behind a user name'],
    ['https://alice:secret@client.example/cb', 'a user name'],
    ['https://@client.example/cb', 'an empty user name'],
    ['http://127.0.0.2/cb', 'another loopback address'],
    ['http://app.localhost/cb', 'a name below localhost'],
    ['http://localhost./cb', 'a dot at the end of localhost'],
    ['http://2130706433/cb', '127.0.0.1 as one number'],
    ['https://localhost/cb', 'https on this machine'],
    ['https://app.localhost:8443/cb', 'https at a name below localhost'],
    ['https://127.1.2.3/cb', 'https at a loopback address'],
    ['https://[::ffff:127.0.0.1]/cb', 'https at a mapped loopback address'],
    ['https://client.example/cb#token', 'a fragment'],
    ['https://client.example/cb#', 'an empty fragment'],
    ['https://client.example/a/../cb', 'dot segments'],
    ['https://client.example/a/%2e%2E/cb', 'encoded dot segments'],
    ['https://client.example/a%2f..%2fcb', 'dot segments behind an encoded slash'],
    ['https://client.example/..', 'dot segments at the end'],
    ['https:/client.example/cb', 'one slash'],
    ['https:client.example/cb', 'no slash'],
    ['https:///client.example/cb', 'three slashes'],
    ['https://client.example\\@evil.example/cb', 'a backslash'],
    ['https://client.example/c b', 'a space'],
    ['https://client.example/c\nb', 'a line break'],
    ['https://client.example/c\u0000b', 'a control character'],
    ['https://cl\u0456ent.example/cb', 'a letter that looks like another'],
    ['https://client.example/"><script>', 'markup'],
    ['/callback', 'a path'],
    ['//client.example/cb', 'no scheme'],
    ['', 'nothing'],
    ['https://', 'no host'],
    ['http://localhost:99999/cb', 'a port that does not exist'],
    [`https://client.example/${'a'.repeat(500)}`, 'more than 500 characters'],
    ['javascript:alert(1)', 'a script'],
    ['javascript://client.example/%0aalert(1)', 'a script behind a comment'],
    ['JavaScript://client.example/', 'a script in capital letters'],
    ['data:text/html,hello', 'a document'],
    ['data://text/html,hello', 'a document with slashes'],
    ['file:///etc/passwd', 'a file'],
    ['c:/windows/system32/calc.exe', 'a drive'],
    ['vbscript:/x', 'a script of Windows'],
    ['ms-msdt:/id', 'a program of Windows'],
    ['ms-officecmd:/x', 'a program of Office'],
    ['search-ms:/query', 'the search of Windows'],
    ['intent://scan/#Intent;end', 'an app of Android'],
    ['mailto:alice@example.com', 'a letter'],
    ['tel:/110', 'a call'],
    ['ssh://host/cmd', 'a login on another machine'],
    ['steam://run/1', 'a game'],
    ['x-apple.systempreferences:/x', 'the settings of macOS'],
    ['urn:ietf:wg:oauth:2.0:oob', 'a code that is pasted'],
    ['cursor:callback', 'an app without a path'],
    [17, 'a number'],
    [null, 'null'],
    [['https://client.example/cb'], 'a list'],
  ])('is not %s (%s)', (uri) => {
    expect(() => checkRedirectUri(uri)).toThrow(expect.objectContaining({ error: 'invalid_redirect_uri' }));
  });
});

describe('an answer', () => {
  const allowed = (registered: string, asked: string) =>
    redirectAllowed({ redirectUris: [registered], kind: 'registered' }, asked);

  test.each([
    ['http://localhost/callback', 'http://localhost:51234/callback'],
    ['http://127.0.0.1:33418/', 'http://127.0.0.1:40000/'],
    ['http://127.0.0.1:33418/', 'http://127.0.0.1/'],
    ['http://127.0.0.1', 'http://127.0.0.1:40000/'],
    ['http://[::1]:1/cb?x=1', 'http://[::1]:2/cb?x=1'],
    ['https://client.example/cb', 'https://client.example/cb'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor://anysphere.cursor-mcp/oauth/callback'],
  ])('goes to a client that registered %s at %s', (registered, asked) => {
    expect(allowed(registered, asked)).toBe(true);
  });

  test.each([
    ['http://localhost/callback', 'http://127.0.0.1/callback'],
    ['http://127.0.0.1/callback', 'http://localhost/callback'],
    ['http://localhost/callback', 'http://localhost:1/callback/'],
    ['http://localhost/callback', 'http://localhost:1/Callback'],
    ['http://localhost/callback', 'http://localhost:1/callback?next=x'],
    ['http://localhost/callback?a=1', 'http://localhost:1/callback?a=2'],
    ['http://localhost/callback', 'http://localhost:80@evil.example/callback'],
    ['http://localhost/callback', 'http://localhost:99999/callback'],
    ['http://localhost/callback', 'http://localhost:1/callback#x'],
    ['http://localhost/callback', 'http://LOCALHOST:1/callback'],
    ['http://localhost/callback', 'https://localhost:1/callback'],
    ['https://client.example/cb', 'https://client.example:8443/cb'],
    ['https://client.example/cb', 'https://client.example/cb/'],
    ['https://client.example/cb', 'https://client.example/cb?x'],
    ['https://client.example/cb', 'https://evil.example/cb'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor://evil/oauth/callback'],
    ['http://localhost/callback', ''],
  ])('does not go to a client that registered %s at %s', (registered, asked) => {
    expect(allowed(registered, asked)).toBe(false);
  });

  test.each([
    ['http://localhost:9090/callback', true],
    ['http://127.0.0.1/', true],
    ['http://localhost/a/../b', false],
    ['http://evil.example/callback', false],
    ['https://vscode.dev/redirect', false],
    ['cursor://anysphere.cursor-mcp/oauth/callback', false],
  ])('for an app client of the user pool goes to this machine only: %s is %s', (asked, isAllowed) => {
    expect(redirectAllowed({ redirectUris: [], kind: 'configured' }, asked)).toBe(isAllowed);
  });
});

import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { publicUrl, admin as seer, signer, startRegistry } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: {mcp-registry-admin: [mcp-registry-admin]}
UI-Scopes:
  mcp-registry-admin:
    {list_service: [all], register_service: [all], health_check_service: [all], toggle_service: [all], modify_service: [all]}
`);
const notes = {
  name: 'notes',
  title: 'Notes',
  description: 'Notes',
  upstream: 'http://127.0.0.1:9000',
  transports: { 'streamable-http': '/mcp' },
};

let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeEach(async () => {
  registry = await startRegistry(signer.keys, { policy: () => policy });
});
afterEach(() => registry.close());

const send = async (tool: string | undefined, method: string, path: string, body: object = {}, audience = 'mcpgw') => {
  const claims = { ...seer, ...(tool !== undefined && { tool }) };
  const assertion = await signer.sign(claims, { audience: `${publicUrl}/${audience}` });
  const headers = { 'X-Mcp-Assertion': assertion, 'Content-Type': 'application/json' };
  const sent = { method, headers, ...(method !== 'GET' && { body: JSON.stringify(body) }) };
  return (await fetch(`${registry.url}/api${path}`, sent)).status;
};

const operations: [operation: string, tool: string | undefined, method: string, path: string, body?: object][] = [
  ['register a server', 'register_service', 'POST', '/servers', notes],
  ['enable a server', 'toggle_service', 'POST', '/servers/currenttime/enable'],
  ['disable a server', 'toggle_service', 'POST', '/servers/currenttime/disable'],
  ['check a server', 'refresh_service', 'POST', '/servers/currenttime/check'],
  ['remove a server', 'remove_service', 'DELETE', '/servers/currenttime'],
  ['edit a server', undefined, 'PATCH', '/servers/currenttime', { title: 'x', revision: 1 }],
  ['replace a server', undefined, 'PUT', '/servers/currenttime', { ...notes, revision: 1 }],
  ['approve tools', undefined, 'POST', '/servers/currenttime/tools/approve', { tools: [] }],
  ['import servers', undefined, 'POST', '/import', {}],
  ['use the form of the Python original', undefined, 'POST', '/refresh/currenttime'],
];
const tools = ['register_service', 'toggle_service', 'refresh_service', 'remove_service'];

test.each(operations)(
  'An assertion that mcpgw got with a call can %s only if the call was for %s',
  async (...operation) => {
    const [, allowed, method, path, body] = operation;
    const before = registry.store.list();
    const others = [...tools, 'list_services', 'intelligent_tool_finder', 'REGISTER_SERVICE', '', undefined];
    for (const tool of others.filter((each) => each === undefined || each !== allowed))
      expect([tool, await send(tool, method, path, body)]).toEqual([tool, 401]);
    expect(registry.store.list()).toEqual(before);
    if (allowed !== undefined) expect(await send(allowed, method, path, body)).toBeLessThan(300);
  },
);

test.each(tools)('An assertion for %s that was made for another server changes nothing', async (tool) => {
  for (const [, , method, path, body] of operations)
    expect([path, await send(tool, method, path, body, 'currenttime')]).toEqual([path, 401]);
});

test.each([...tools, 'list_services', undefined])('With a call of %s the caller may read', async (tool) => {
  for (const path of ['/servers', '/servers/currenttime', '/tools/search?q=time', '/me', '/changes'])
    expect([path, await send(tool, 'GET', path)]).toEqual([path, 200]);
});

import { sharedGateway } from '../support/gateway/shared-gateway.ts';
import { connections, type Fetch } from '../support/servers/mcp-clients.ts';

const gateway = await sharedGateway();

const tokyo = ['current_time_by_timezone', { tz_name: 'Asia/Tokyo' }] as const;

/** Adds the caller's credential to every request, as a client with its own token or cookie does. */
function as(headers: Record<string, string>): Fetch {
  return (url, init) => {
    const all = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    return fetch(url, { ...init, headers: all });
  };
}

async function credentials(who: string): Promise<Record<string, string>> {
  if (who === 'the demo agent') return { authorization: `Bearer ${await gateway.agentToken()}` };
  if (who === 'the reader agent') return { authorization: `Bearer ${await gateway.agentToken('reader')}` };
  return { cookie: await gateway.sessionCookie(who) };
}

const everyClientAs = (...people: string[]) => people.flatMap((who) => connections.map((c) => [who, ...c] as const));

test.each(everyClientAs('the demo agent', 'alice', 'carol'))(
  '%s asks for the time in Tokyo with %s and gets it',
  async (who, _client, connect) => {
    const client = await connect(`${gateway.url}/currenttime`, as(await credentials(who)));
    const { failed, text } = await client.call(...tokyo);
    await client.close();
    expect(failed).toBe(false);
    expect(text).toContain('JST (UTC+09:00) in Asia/Tokyo');
  },
);

test.each(everyClientAs('the reader agent', 'bob'))(
  '%s, who may list but not call, sees no tool with %s and is refused the call',
  async (who, _client, connect) => {
    const client = await connect(`${gateway.url}/currenttime`, as(await credentials(who)));
    expect(await client.listTools()).toEqual([]);
    await expect(client.call(...tokyo)).rejects.toThrow(/403|Not allowed|Insufficient scope/);
    await client.close();
  },
);

test.each(everyClientAs('erin'))(
  '%s, who is in no group, cannot even connect with %s',
  async (who, _client, connect) => {
    await expect(connect(`${gateway.url}/currenttime`, as(await credentials(who)))).rejects.toThrow(
      // A client of one version asks for nothing but that version first, and tells nothing of the answer.
      /403|Not allowed|did not offer pinned protocol version/,
    );
  },
);

test.each(connections)('Without credentials %s cannot connect', async (_client, connect) => {
  await expect(connect(`${gateway.url}/currenttime`)).rejects.toThrow(/401|Log in|Unauthorized/);
});

test.each(connections)(
  'With %s bob asks mcpgw for servers and gets only those that bob may see',
  async (_client, connect) => {
    const client = await connect(`${gateway.url}/mcpgw`, as(await credentials('bob')));
    const { failed, text } = await client.call('list_services');
    await client.close();
    expect(failed).toBe(false);
    expect(text).toContain('currenttime');
    expect(text).not.toContain('echo');
  },
);

test('alice asks mcpgw for a server that bob cannot see, and gets its details', async () => {
  const [, connect] = connections[0] ?? [];
  const details = async (who: string) => {
    const client = await connect?.(`${gateway.url}/mcpgw`, as(await credentials(who)));
    const answer = await client?.call('get_server_details', { service_name: 'echo' });
    await client?.close();
    return answer;
  };
  expect((await details('alice'))?.text).toContain(`${gateway.url}/echo/mcp`);
  expect((await details('bob'))?.failed).toBe(true);
});

test('A caller that reaches mcpgw around the gateway gets no data of the registry', async () => {
  const [, connect] = connections[0] ?? [];
  const client = await connect?.(`http://127.0.0.1:${gateway.ports.mcpgw}`);
  expect(await client?.call('list_services')).toMatchObject({ failed: true });
  await client?.close();
});

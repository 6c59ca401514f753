import { openAuditDatabase } from '../../auth-server/audit/store/database.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';
import { until } from '../support/listen.ts';
import { connect, type Fetch } from '../support/servers/mcp-clients.ts';

const gateway = await sharedGateway();
const authorization = `Bearer ${await gateway.agentToken()}`;
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization };
beforeEach(() => gateway.echo.reset());

/** Calls a tool. @returns the id that nginx has given to the request */
async function call(path = '/echo/mcp', tool = 'look', more: Record<string, string> = {}): Promise<string> {
  const body = rpc('tools/call', { name: tool, arguments: {} });
  const answer = await send(gateway.ports.gateway, { path, headers: { ...headers, ...more }, body });
  return String(answer.headers['x-request-id']);
}

/** Each record that contains a text: its server, and what was measured. */
async function measured(text: string, since = 0) {
  const database = await openAuditDatabase(gateway.dataDir);
  try {
    const days = await database.days();
    const rows = database.day(days.at(-1) ?? '').selectFrom('decision');
    return await rows
      .leftJoin('audit_call', (on) =>
        on.onRef('audit_call.writer', '=', 'decision.writer').onRef('audit_call.number', '=', 'decision.number'),
      )
      .select(['server', 'status', 'milliseconds'])
      .where('decision.at', '>=', since)
      .where('record', 'like', `%${text}%`)
      .execute();
  } finally {
    await database.close();
  }
}
const statusOf = async (id: string) => (await measured(id))[0]?.status;
const arrives = async (id: string, status: number) => {
  await until(async () => (await statusOf(id)) === status);
  return await measured(id);
};

test('Time and status of a call arrive at its record, and an X-Request-Id of the client changes nothing', async () => {
  const earlier = await call();
  expect(await arrives(earlier, 200)).toMatchObject([{ server: 'echo', status: 200 }]);
  gateway.echo.answer = (res) => void setTimeout(() => res.writeHead(404).end(), 200);
  const id = await call('/echo/mcp', 'look', { 'x-request-id': earlier });
  expect(id).not.toBe(earlier);
  const [row] = await arrives(id, 404);
  expect(row?.milliseconds).toBeGreaterThan(100);
  expect(await measured(earlier)).toMatchObject([{ server: 'echo', status: 200 }]);
});

test('A call to a server that breaks off is an error, and a stream counts when it has ended', async () => {
  let end: () => void = () => undefined;
  gateway.echo.answer = (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"jsonrpc":"2.0","method":"x"}\n\n');
    end = () => void res.end('data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n');
  };
  const stream = call();
  await until(() => gateway.echo.seen.length > 0);
  const streamed = String(gateway.echo.seen[0]?.headers['x-request-id']);
  gateway.echo.answer = (res) => void res.destroy();
  const broken = await call();
  expect(await arrives(broken, 502)).toMatchObject([{ server: 'echo', status: 502 }]);
  expect(await measured(streamed)).toMatchObject([{ server: 'echo', status: null }]);
  end();
  expect(await stream).toBe(streamed);
  expect(await arrives(streamed, 200)).toMatchObject([{ server: 'echo', status: 200 }]);

  const text = await (await fetch(`http://127.0.0.1:${gateway.ports.metrics}/metrics`)).text();
  for (const result of ['ok', 'error'])
    expect(text).toContain(`\nmcp_gateway_calls_total{server="echo",result="${result}"} `);
  expect(text).toContain('\nmcp_gateway_call_seconds_count{server="echo"} ');
});

test('A call through the hub is measured at the hub and at the server, and a refused call not at all', async () => {
  const since = Date.now();
  const refused = await call('/echo/mcp', 'look', { authorization: `Bearer ${await gateway.agentToken('reader')}` });
  const fetchAs: Fetch = (url, init) => {
    const own = new Headers(init?.headers);
    own.set('authorization', authorization);
    return fetch(url, { ...init, headers: own });
  };
  const client = await connect(gateway.url, fetchAs);
  await client.call('currenttime__current_time_by_timezone', { tz_name: 'Asia/Tokyo' });
  await client.close();
  for (const [server, tool] of [
    ['hub', 'currenttime__current_time_by_timezone'],
    ['currenttime', 'current_time_by_timezone'],
  ]) {
    const rows = () => measured(`"server":"${server}"%"object":"${tool}"`, since);
    await until(async () => (await rows())[0]?.status === 200);
    expect(await rows()).toMatchObject([{ server, status: 200 }]);
  }
  expect(await measured(refused)).toMatchObject([{ server: 'echo', status: null }]);
});

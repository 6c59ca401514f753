import { nodeServices } from '../../launch/services.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

const gateway = await sharedGateway();

test('The metrics count the requests through nginx, and no path through nginx leads to the metrics', async () => {
  const authorization = `Bearer ${await gateway.agentToken()}`;
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization };
  const body = rpc('tools/call', { name: 'look' });
  const decisions = async (labels: string) => {
    const text = await (await fetch(`http://127.0.0.1:${gateway.ports.metrics}/metrics`)).text();
    expect(text).not.toContain('invented');
    const line = text.split('\n').find((each) => each.startsWith(`mcp_gateway_decisions_total{${labels}} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  const allowed = 'verdict="allow",reason="",server="echo"';
  const denied = 'verdict="deny",reason="server_not_found",server=""';
  const before = [await decisions(allowed), await decisions(denied)];
  for (const path of ['/echo/mcp', '/echo/mcp', '/invented/mcp']) {
    await send(gateway.ports.gateway, { path, headers, body });
  }
  const [calls = 0, strays = 0] = before;
  expect([await decisions(allowed), await decisions(denied)]).toEqual([calls + 2, strays + 1]);

  const cookie = await gateway.sessionCookie('alice');
  for (const path of ['/metrics', '/metrics/mcp', '/auth-server/metrics', '/oauth2/metrics', '/.well-known/metrics']) {
    for (const who of [{}, { authorization }, { cookie }]) {
      const answer = await send(gateway.ports.gateway, { method: 'GET', path, headers: { ...who, accept: '*/*' } });
      expect([path, answer.status === 200]).toEqual([path, false]);
      expect(answer.body).not.toContain('mcp_gateway_');
    }
  }
});

test('The registry gets the port of the metrics in OWN_PORTS, so that no server can use it as upstream', async () => {
  const registry = nodeServices({ ports: gateway.ports, dataDir: gateway.dataDir, env: {}, standIn: true }).find(
    ({ name }) => name === 'registry',
  );
  expect(registry?.env.OWN_PORTS?.split(',')).toContain(String(gateway.ports.metrics));
});

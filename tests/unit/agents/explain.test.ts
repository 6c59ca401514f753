import { explainFailure } from '../../../agents/gateway/explain.ts';
import { exitCodes } from '../../../agents/lib/failure.ts';
import type { Settings } from '../../../agents/lib/settings.ts';

const settings: Settings = {
  mode: 'agent',
  gateway: 'http://localhost:8080',
  registryUrl: 'http://localhost:8080/mcpgw/sse',
  file: 'agents/.env.agent',
  env: {},
  notices: [],
};
const at = (url: string) => ({ settings, url: new URL(url) });
const hintsOf = (code: string, url: string) =>
  explainFailure(Object.assign(new TypeError('fetch failed'), { cause: { code } }), at(url)).hints.join(' ');

test('A connection that is refused names the setting that its address comes from', () => {
  expect(hintsOf('ECONNREFUSED', 'http://localhost:8080/mcpgw/sse')).toMatch(/^REGISTRY_URL says where it is/);
  expect(hintsOf('ECONNREFUSED', 'http://localhost:9999/mcpgw/sse')).toMatch(/^MCP_REGISTRY_URL says where it is/);
});

test.each([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
])('A certificate that is not trusted (%s) leads to NODE_EXTRA_CA_CERTS', (code) => {
  expect(hintsOf(code, 'https://localhost:8443/mcpgw/mcp')).toContain('NODE_EXTRA_CA_CERTS=FILE');
});

test('A 404 without a reason may be of the server behind the gateway', () => {
  const refusal = { status: 404, reason: '', message: 'The answer was 404 Not Found' };
  const { hints } = explainFailure(new Error(), { ...at('http://localhost:8080/notes/mcp'), refusal });
  expect(hints.join()).toContain('Either the server behind the gateway has nothing at this address');
});

test.each([
  ['not_permitted', 'denied'],
  ['tool_changed', 'denied'],
  ['approval_needed', 'denied'],
  ['limit_reached', 'failed'],
] as const)('A refusal in a session (%s) ends the command as %s', (reason, expected) => {
  const refusal = { status: 200, reason, message: 'Refused' };
  const { exitCode } = explainFailure(new Error(), { ...at('http://localhost:8080/notes/mcp'), refusal });
  expect(exitCode).toBe(exitCodes[expected]);
});

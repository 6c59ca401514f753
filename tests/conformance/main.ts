// Runs the official conformance suite of MCP against a server, without and with the gateway in front of it, and prints every
// check that differs: npm run test:conformance
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../support/gateway/gateway.ts';
import { runAuthorizationSuite } from './authorization.ts';
import { compare, count } from './compare.ts';
import { openDoorway } from './doorway.ts';
import { startReferenceServer } from './reference-server.ts';
import { type Checks, runSuite } from './suite.ts';

/** One of each era: with sessions and `initialize`, and without. */
const versions = ['2025-11-25', '2026-07-28'];

/** Everything; and everything but the tool `hidden`, so that the relay cuts the list and sees every answer. */
const rule = (tools: string) =>
  `[{server: "*", methods: ["*", skills/*, resources/directory/read], tools: ${tools}, prompts: ["*"], resources: ["*"]}]`;
const policy = `
group_mappings:
  mcp-registry-admin: [mcp-servers-unrestricted/execute]
  mcp-registry-user: [mcp-servers-restricted/read]
mcp-servers-unrestricted/execute: ${rule('["*"]')}
mcp-servers-restricted/read: ${rule('["test_*", "json_schema_*"]')}
`;

process.exitCode = (await run()) ? 0 : 1;

/** @returns whether every check that passes without the gateway passes through it */
async function run(): Promise<boolean> {
  const server = await startReferenceServer();
  const folder = mkdtempSync(join(tmpdir(), 'conformance-policy-'));
  const SCOPES_FILE = join(folder, 'scopes.yml');
  writeFileSync(SCOPES_FILE, policy);
  const transports = { 'streamable-http': '/mcp' };
  const entry = {
    name: 'reference',
    title: 'Reference',
    description: 'For the suite',
    upstream: server.origin,
    transports,
    tags: [],
  };
  const gateway = await startGateway({ SCOPES_FILE }, [entry]);
  const callers: [string, () => Promise<Record<string, string>>][] = [
    ['an agent', async () => ({ authorization: `Bearer ${await gateway.agentToken()}` })],
    ['a person', async () => ({ cookie: await gateway.sessionCookie('alice') })],
    ['an agent whose lists are cut', async () => ({ authorization: `Bearer ${await gateway.agentToken('reader')}` })],
    ['a person whose lists are cut', async () => ({ cookie: await gateway.sessionCookie('bob') })],
  ];
  let isWhole = true;
  try {
    isWhole = reportFailures(await runAuthorizationSuite(gateway.url));
    for (const version of versions) {
      const direct = await runSuite(`${server.origin}/mcp`, version);
      report(version, 'without the gateway', direct);
      for (const [who, credential] of callers) {
        const doorway = await openDoorway(new URL(gateway.url), await credential());
        const through = await runSuite(`${doorway.origin}/reference/mcp`, version).finally(doorway.close);
        report(version, who, through);
        isWhole = reportDifferences(direct, through) && isWhole;
      }
    }
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true });
    await server.close();
  }
  return isWhole;
}

/** A warning is no failure: without a way out to the internet, the gateway does not offer metadata documents of clients. */
function reportFailures(checks: Checks): boolean {
  report('all versions', 'the authorization server', checks);
  const failures = [...checks].filter(([, { status }]) => status !== 'SUCCESS' && status !== 'WARNING');
  for (const [check, { status, why }] of failures) console.log(`  ${status}: ${check}: ${why}`);
  return checks.size > 0 && failures.length === 0;
}

function report(version: string, who: string, checks: Checks): void {
  const { passed, failed } = count(checks);
  console.log(`${version}, ${who}: ${passed} passed, ${failed} failed, of ${checks.size} checks`);
}

function reportDifferences(direct: Checks, through: Checks): boolean {
  const differences = compare(direct, through);
  for (const { isLost, check, from, to, why } of differences)
    console.log(`  ${isLost ? 'lost' : 'other'}: ${check}: ${from}, through the gateway ${to}${why && `: ${why}`}`);
  return differences.every(({ isLost }) => !isLost);
}

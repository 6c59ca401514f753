// Runs the official conformance suite of MCP against a server, without and with the gateway in front of it, and prints every
// check that differs: npm run test:conformance
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { until } from '../support/listen.ts';
import { connect } from '../support/servers/mcp-clients.ts';
import { runAuthorizationSuite } from './authorization.ts';
import { compare, count } from './compare.ts';
import { openDoorway } from './doorway.ts';
import { whyLost } from './hub-differences.ts';
import { startReferenceServer } from './reference-server.ts';
import { type Checks, runSuite } from './suite.ts';

/** One of each era: with sessions and `initialize`, and without. */
const versions = ['2025-11-25', '2026-07-28'];

/** The server behind the hub's address for a version: the only member of its set. */
const setOf: Readonly<Record<string, string>> = { 'v2025-11-25': 'reference-old', 'v2026-07-28': 'reference' };

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
  const old = await startReferenceServer('old');
  const folder = mkdtempSync(join(tmpdir(), 'conformance-policy-'));
  const SCOPES_FILE = join(folder, 'scopes.yml');
  writeFileSync(SCOPES_FILE, policy);
  const entry = (name: string, upstream: string) => {
    const transports = { 'streamable-http': '/mcp' };
    const may = ['sampling', 'open_pages'];
    return { name, title: name, description: 'For the suite', upstream, transports, tags: [], may };
  };
  // The hub has one list for both eras, as the registry reads it, so each version gets a server that has its tools there.
  const sets = Object.entries(setOf).map(([name, server]) => {
    const members = [{ server, prefix: 'never' }];
    return { name, title: name, description: 'One server through the hub', members };
  });
  const gateway = await startGateway({ SCOPES_FILE }, [
    entry('reference', server.origin),
    entry('reference-old', old.origin),
    ...sets,
  ]);
  const callers: [string, () => Promise<Record<string, string>>][] = [
    ['an agent', async () => ({ authorization: `Bearer ${await gateway.agentToken()}` })],
    ['a person', async () => ({ cookie: await gateway.sessionCookie('alice') })],
    ['an agent whose lists are cut', async () => ({ authorization: `Bearer ${await gateway.agentToken('reader')}` })],
    ['a person whose lists are cut', async () => ({ cookie: await gateway.sessionCookie('bob') })],
  ];
  let isWhole = true;
  try {
    for (const set of Object.keys(setOf)) await untilOffered(gateway, set);
    isWhole = reportFailures(await runAuthorizationSuite(gateway.url));
    for (const version of versions) {
      const direct = await runSuite(`${server.origin}/mcp`, version);
      report(version, 'without the gateway', direct);
      const run = async (who: string, path: string, credential: Record<string, string>) => {
        const doorway = await openDoorway(new URL(gateway.url), credential);
        const through = await runSuite(`${doorway.origin}${path}`, version).finally(doorway.close);
        report(version, who, through);
        return through;
      };
      const byCaller = [];
      for (const [who, credential] of callers) {
        const through = await run(who, '/reference/mcp', await credential());
        isWhole = reportDifferences(direct, through, 'through the gateway') && isWhole;
        byCaller.push(through);
      }
      // What the hub changes shows beside the same caller without it.
      const [agent = direct] = byCaller;
      const hub = await run('an agent through the hub', `/v${version}/mcp`, (await callers[0]?.[1]()) ?? {});
      isWhole = reportDifferences(agent, hub, 'through the hub', whyLost(version)) && isWhole;
    }
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true });
    await server.close();
    await old.close();
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

/** @returns whether no check is lost but those that are known to be */
function reportDifferences(
  direct: Checks,
  through: Checks,
  how: string,
  reason: (check: string) => string | undefined = () => undefined,
): boolean {
  const lost = compare(direct, through).map((each) => ({
    ...each,
    known: each.isLost ? reason(each.check) : undefined,
  }));
  for (const { check, from, to, why, isLost } of lost.filter((each) => each.known === undefined))
    console.log(`  ${isLost ? 'lost' : 'other'}: ${check}: ${from}, ${how} ${to}${why && `: ${why}`}`);
  const byReason = Map.groupBy(
    lost.filter(({ known }) => known !== undefined),
    ({ known }) => known,
  );
  for (const [known, checks] of byReason) console.log(`  ${checks.length} lost, as known: ${known}`);
  return lost.every(({ isLost, known }) => !isLost || known !== undefined);
}

/** The registry reads a server before the hub offers it. */
async function untilOffered(gateway: Gateway, set: string): Promise<void> {
  const authorization = `Bearer ${await gateway.agentToken()}`;
  const client = await connect(`${gateway.url}/${set}`, (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', authorization);
    return fetch(url, { ...init, headers });
  });
  const isOffered = await until(async () => (await client.listTools()).length > 0, 60_000);
  await client.close();
  if (!isOffered) throw new Error('The hub offers nothing of the reference server.');
}

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { rpc, send } from '../../support/gateway/send.ts';
import { sharedGateway } from '../../support/gateway/shared-gateway.ts';

jest.setTimeout(180_000);

const folder = 'deploy/prometheus';
// Fetched by: sh launch/setup promtool
const tool = 'node_modules/.cache/prometheus/usr/bin/promtool';
const rules = readFileSync(`${folder}/alerts.yml`, 'utf8');
const tests = readFileSync(`${folder}/alerts.test.yml`, 'utf8');
const page = readFileSync('docs/operations/monitoring.md', 'utf8');
const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboard.json', 'utf8')) as Dashboard;

interface Dashboard {
  panels: {
    title: string;
    description: string;
    gridPos: { x: number; y: number; w: number; h: number };
    fieldConfig: { defaults: { unit: string } };
    targets: { expr: string }[];
  }[];
  templating: { list: { name: string; definition?: string }[] };
}

const gateway = await sharedGateway();
let served: string;
beforeAll(async () => {
  const authorization = `Bearer ${await gateway.agentToken()}`;
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization };
  const body = rpc('tools/call', { name: 'look' });
  for (const path of ['/echo/mcp', '/invented/mcp']) await send(gateway.ports.gateway, { path, headers, body });
  const { metrics, registryMetrics, relayMetrics } = gateway.ports;
  const texts = [metrics, registryMetrics, relayMetrics].map(async (port) =>
    (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
  );
  served = (await Promise.all(texts)).join('\n');
}, 180_000);

function promtool(...words: string[]) {
  const { status, stdout, stderr, error } = spawnSync(tool, words, { encoding: 'utf8' });
  if (error) throw new Error(`${tool} cannot be run: sh launch/setup promtool`, { cause: error });
  return { status, said: stdout + stderr };
}

const cookie = 'mcp_gateway_session';

/** Names of metrics in a text. A histogram has the name of its HELP line. */
function metricsIn(text: string): string[] {
  const names = text.match(/\b(mcp_gateway|process|nodejs)_[a-z0-9_]+[a-z0-9]\b/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))].filter((n) => n !== cookie).sort();
}

test.each([
  ['the configuration', ['check', 'config', `${folder}/prometheus.yml`]],
  ['the alarms', ['check', 'rules', `${folder}/alerts.yml`]],
  ['the tests of the alerts', ['test', 'rules', `${folder}/alerts.test.yml`]],
])('promtool accepts %s', (_, words) => {
  expect(promtool(...words)).toMatchObject({ status: 0 });
});

test('The tests of the alerts detect an alert that never fires', () => {
  const copy = mkdtempSync(join(tmpdir(), 'alerts-'));
  try {
    cpSync(folder, copy, { recursive: true });
    writeFileSync(
      join(copy, 'alerts.yml'),
      rules.replace('mcp_gateway_policy_faults > 0', 'mcp_gateway_policy_faults > 99'),
    );
    expect(promtool('test', 'rules', join(copy, 'alerts.test.yml')).status).toBe(1);
    // Every firing alert is listed there, so a listed alert that does not fire fails the same way.
    const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const fired = [...tests.matchAll(/alertname="(\w+)"}', value: 1/g)].map(([, name]) => name);
    expect(fired.sort()).toEqual(names.sort());
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('Every alert has a severity, and says what is wrong and what to do', () => {
  const parts = rules.split('- alert: ').slice(1);
  for (const part of parts) for (const word of ['severity:', 'summary:', 'description:']) expect(part).toContain(word);
});

const help = (text: string) => [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name = '']) => name);

test.each([
  ['the dashboard', JSON.stringify(dashboard)],
  ['the alarms', rules],
  ['their tests', tests],
  ['docs/operations/monitoring.md', page],
])('The services export every metric in %s', (_, text) => {
  const named = metricsIn(text);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !help(served).includes(name))).toEqual([]);
});

test('docs/operations/monitoring.md explains every metric of the gateway, and the dashboard shows it', () => {
  const ours = [...new Set(help(served))].filter((name) => name.startsWith('mcp_gateway_'));
  const table = [...page.matchAll(/^\| `(mcp_gateway_\w+)` \|/gm)].map(([, name]) => name);
  expect(table.sort()).toEqual(ours.sort());
  expect(ours.filter((name) => !metricsIn(JSON.stringify(dashboard)).includes(name))).toEqual([]);
});

test('Every panel of the dashboard has a title, a description, a unit and a query, and overlaps no other', () => {
  const taken = new Set<string>();
  for (const { title, description, gridPos, fieldConfig, targets } of dashboard.panels) {
    expect([title, description, fieldConfig.defaults.unit].every((text) => text.length > 0)).toBe(true);
    expect(targets.every(({ expr }) => expr.length > 0)).toBe(true);
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect([title, taken.has(`${x} ${y}`)]).toEqual([title, false]);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

test('The dashboard defines every variable that it uses', () => {
  const known = [...dashboard.templating.list.map(({ name }) => name), '__rate_interval', '__all'];
  const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name]) => name);
  expect(used.filter((name) => !known.includes(String(name)))).toEqual([]);
});

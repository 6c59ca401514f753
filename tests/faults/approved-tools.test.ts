import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rpc, send } from '../support/gateway/send.ts';
import { nameOf } from './load.ts';
import { type Fault, type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

const call = { name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } };
let stage: Stage;
let file: string;
let good: string;

/** A gateway with TOOL_CHANGES=refuse. All calls go to a server whose tools the registry has approved. */
beforeAll(async () => {
  stage = await startStage({ TOOL_CHANGES: 'refuse' });
  const { gateway, callers } = stage;
  const request = { path: '/currenttime/mcp', headers: callers.agent, body: rpc('tools/call', call) };
  for (const kind of callers.kinds) {
    // The gate checks the tool before the session.
    if (kind.due === '404 session_unknown') kind.due = '200 tool_changed';
    if (kind.due !== '200' || kind.request.body === undefined || kind.request.path !== '/echo/mcp') continue;
    const { 'mcp-session-id': _, ...headers } = kind.request.headers ?? {};
    kind.request = { ...request, headers };
  }
  while (nameOf(await send(gateway.ports.gateway, request)) !== '200') await new Promise((go) => setTimeout(go, 250));
  file = join(gateway.dataDir, 'approved-tools.json');
  good = readFileSync(file, 'utf8');
}, 120_000);
afterAll(() => stage?.stop());

function replace(text: string): void {
  rmSync(file, { recursive: true, force: true });
  writeFileSync(`${file}.test`, text);
  renameSync(`${file}.test`, file);
}
const mended = { lasts: 2_000, within: 3, end: () => replace(good) };
// A list of tools through the relay is refused like a call, because the gate cannot tell which tools are approved.
const refusals = ['503 approved_tools_unavailable'];

test.each<Fault>([
  {
    what: 'with `TOOL_CHANGES=refuse`, the file of approved tools is broken',
    begin: () => replace('}{'),
    ...mended,
    refusals,
    mayLose: ['open streams'],
  },
  {
    what: 'with `TOOL_CHANGES=refuse`, the file of approved tools is deleted',
    begin: () => rmSync(file),
    ...mended,
    refusals,
    mayLose: ['open streams'],
  },
  {
    what: 'with `TOOL_CHANGES=refuse`, the file of approved tools is a directory',
    begin: () => {
      rmSync(file);
      mkdirSync(file);
    },
    ...mended,
    refusals,
    mayLose: ['open streams'],
  },
])('No tool is called during this fault: $what', async (fault) => record(await stage.endure(fault)), 60_000);

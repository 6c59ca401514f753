import express from 'express';
import type { JSONWebKeySet } from 'jose';
import type { ExportQuestion } from '../../../../auth-server/audit/export/questions.ts';
import type { ExportPage } from '../../../../auth-server/audit/export/stream.ts';
import { type ExportDoorDeps, exportDoor } from '../../../../auth-server/decisions/door/export.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { listen, until } from '../../../support/listen.ts';
import { admin, publicUrl, recordingLog, signer } from '../../../support/registry/registry-fixture.ts';

const policyOf = (text: string) => parsePolicy(`group_mappings: {}\nUI-Scopes:\n${text}`);
const usual = policyOf(`
  all: { view_audit: [all], export_audit: [all] }
  some: { view_audit: [notes, github], export_audit: [github, other] }
  all-of-one: { view_audit: [all], export_audit: [notes] }
  one-of-all: { view_audit: [notes], export_audit: [all] }
  apart: { view_audit: [notes], export_audit: [other] }
  viewer: { view_audit: [all] }
  exporter: { export_audit: [all] }
`);

let door: Awaited<ReturnType<typeof listen>>;
let policy = usual;
/** What the audit was asked and told, in order. */
let happened: string[];
let asked: ExportQuestion[];
/** The page with this index. */
let pageAt: (index: number) => ExportPage | Error;
const { log, lines } = recordingLog();
const pageOf = (index: number, last: boolean): ExportPage => ({
  decisions: [{ id: `m-1-${index}`, at: '2026-11-29T08:00:00.000Z', verdict: 'allow' }],
  next: last ? null : `m-1-${index}`,
});

beforeAll(async () => {
  const ask = async (question: string, input: ExportQuestion) => {
    if (question === 'servers') return ['#registry', 'github', 'notes', 'other'];
    happened.push('ask');
    const page = pageAt(asked.push(input) - 1);
    if (page instanceof Error) throw page;
    return page;
  };
  const deps = {
    publicUrl,
    assertions: { jwks: async () => ({ keys: [signer.jwk] }) as JSONWebKeySet },
    audit: { ask },
    auditEvents: {
      exported: (...[who, format, filters, count]: Parameters<ExportDoorDeps['auditEvents']['exported']>) =>
        happened.push(`${who.username} ${format} ${JSON.stringify(filters)} ${count}`),
    },
    policy: () => policy,
    log,
  } as unknown as ExportDoorDeps;
  door = await listen(express().use(exportDoor(deps)));
});
afterAll(() => door.close());
beforeEach(() => {
  [happened, asked, policy] = [[], [], usual];
  lines.length = 0;
  pageAt = (index) => pageOf(index, index === 2);
});

const get = async (scopes: readonly string[], query = 'format=ndjson', shape = {}) =>
  await fetch(`http://127.0.0.1:${door.port}/decisions/export?${query}`, {
    headers: { 'X-Mcp-Assertion': await signer.sign({ ...admin, scopes }, shape) },
  });

test('An export is recorded before its first record is read, and with its number when all were sent', async () => {
  const answer = await get(['all'], 'format=csv&verdict=deny&since=2026-11-28T00:00:00Z');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
  expect((await answer.text()).split('\r\n')).toHaveLength(5);
  const filters = '{"verdict":"deny","since":"2026-11-28T00:00:00Z"}';
  const begun = `alice csv ${filters} undefined`;
  await until(() => happened.length === 5);
  expect(happened).toEqual([begun, 'ask', 'ask', 'ask', `alice csv ${filters} 3`]);
  expect(asked.map(({ after }) => after)).toEqual([undefined, 'm-1-0', 'm-1-1']);
  // What comes while it runs is not in it.
  expect(asked.map(({ query }) => query.until)).toEqual([asked[0]?.query.until, ...Array(2).fill(expect.any(String))]);
});

test.each([
  ['both for all', ['all'], 'all'],
  ['both for one', ['some'], ['github']],
  ['view_audit for all, export_audit for one', ['all-of-one'], ['notes']],
  ['export_audit for all, view_audit for one', ['one-of-all'], ['notes']],
  ['both, for other servers each', ['apart'], []],
  ['both for all, through two scopes', ['viewer', 'exporter'], 'all'],
])('A person with %s exports what they may also see', async (_which, scopes, servers) => {
  expect((await get(scopes)).status).toBe(200);
  expect(asked[0]?.visible).toEqual({ servers });
});

test.each([
  ['only see', ['viewer'], undefined, {}, 403],
  ['only export', ['exporter'], undefined, {}, 403],
  ['neither', [], undefined, {}, 403],
  ['export, with an assertion for a server', ['all'], undefined, { audience: `${publicUrl}/notes` }, 401],
  ['export, in an unknown format', ['all'], 'format=xml', {}, 400],
])('A person who may %s gets nothing, and nothing is recorded', async (_what, scopes, query, shape, status) => {
  expect((await get(scopes, query, shape)).status).toBe(status);
  expect(happened).toEqual([]);
});

test('If the audit cannot be written or read, the answer is 503', async () => {
  pageAt = () => new Error('database is locked');
  const answer = await get(['all'], 'format=csv');
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: { code: 'store_unavailable' } }]);
  expect(lines.join()).toContain('database is locked');
});

test('If it cannot be read to the end, the connection breaks, and no number is recorded', async () => {
  pageAt = (index) => (index === 2 ? new Error('disk I/O error') : pageOf(index, false));
  await expect(get(['all']).then((answer) => answer.text())).rejects.toThrow();
  await until(() => lines.length > 0);
  expect(lines.join()).toContain('an export of the audit has failed');
  expect(happened.at(-1)).toBe('ask');
});

test('It breaks off when the policy takes a right away, and goes on after any other change', async () => {
  pageAt = (index) => {
    policy = policyOf('  all: { view_audit: [all], export_audit: [all], list_service: [all] }');
    return pageOf(index, index === 3);
  };
  expect((await (await get(['all'])).text()).split('\n')).toHaveLength(5);
  pageAt = (index) => {
    policy = policyOf('  all: { view_audit: [all], export_audit: [notes] }');
    return pageOf(index, index === 9);
  };
  [asked, policy] = [[], usual];
  await expect(get(['all']).then((answer) => answer.text())).rejects.toThrow();
  expect(asked).toHaveLength(1);
});

test('A reader that leaves ends it', async () => {
  pageAt = (index) => pageOf(index, false);
  const answer = await get(['all']);
  await answer.body?.cancel();
  const seen: number[] = [];
  expect(await until(() => seen.push(asked.length) > 1 && seen.at(-1) === seen.at(-2))).toBe(true);
  expect(lines).toEqual([]);
});

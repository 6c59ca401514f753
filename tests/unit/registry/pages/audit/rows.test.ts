import type { Decision } from '../../../../../common/doors/decisions.ts';
import { daysOf } from '../../../../../registry/pages/audit/rows.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 23, 9, 0, second)).toISOString();
const visit = (n: number, reason: string): Decision => {
  return { id: `c-0-${n}`, at: at(n), verdict: 'deny', reason, resource: 'registry', http: 'GET /' };
};
const reading = (n: number, username: string): Decision => {
  return {
    id: `c-0-${n}`,
    at: at(n),
    verdict: 'allow',
    subject: username,
    username,
    method: 'audit/read',
    detail: 'all',
  };
};
const call = (n: number): Decision => {
  const tool = { server: 'github', method: 'tools/call', object: 'x'.repeat(400), objects: 3 };
  return {
    id: `c-0-${n}`,
    at: at(n),
    verdict: 'allow',
    username: 'bob',
    http: 'POST /github/mcp',
    rule: 'r[0]',
    ...tool,
  };
};

test('Visits without a sign-in and readings of the audit are one line each where they follow each other, named by the oldest', () => {
  const all = [
    ...[reading(9, 'alice'), reading(8, 'eve'), call(7), visit(6, 'credentials_missing')],
    ...[visit(5, 'session_expired'), visit(4, 'credentials_missing'), reading(3, 'alice'), visit(2, 'token_expired')],
  ];
  const [day] = daysOf(all, ({ id }) => `/audit/${id}`);
  expect(day?.items.map(({ row, fold }) => row?.id ?? [fold?.id, fold?.rows.length, fold?.why])).toEqual([
    ['readings-c-0-8', 2, 'alice and eve'],
    'c-0-7',
    ['visits-c-0-4', 3, 'not signed in and the session has expired'],
    'c-0-3',
    'c-0-2',
  ]);
});

test('A row cuts a name that a caller chose, and says how many there were', () => {
  const [day] = daysOf([call(1)], () => '/');
  expect(day?.items[0]?.row).toMatchObject({ object: `${'x'.repeat(120)}…`, more: 'and 2 more', rule: 'r[0]' });
});

import { compare, count } from '../../conformance/compare.ts';

const checks = (statuses: Record<string, string>) =>
  new Map(Object.entries(statuses).map(([name, status]) => [name, { status, why: '' }]));

test('A check is lost if it passes without the gateway and does not pass through it', () => {
  const direct = checks({ a: 'SUCCESS', b: 'SUCCESS', c: 'SUCCESS', d: 'SUCCESS', e: 'FAILURE', f: 'WARNING' });
  const through = checks({ a: 'SUCCESS', b: 'FAILURE', c: 'INFO', e: 'SUCCESS', f: 'WARNING', g: 'SUCCESS' });
  expect(compare(direct, through)).toMatchObject([
    { check: 'b', from: 'SUCCESS', to: 'FAILURE', isLost: true },
    { check: 'c', from: 'SUCCESS', to: 'INFO', isLost: true },
    { check: 'd', from: 'SUCCESS', to: 'missing', isLost: true },
    { check: 'e', from: 'FAILURE', to: 'SUCCESS', isLost: false },
    { check: 'g', from: 'missing', to: 'SUCCESS', isLost: false },
  ]);
  expect(count(direct)).toEqual({ passed: 4, failed: 1 });
});

import { timeOf } from '../../../../agents/commands/policy/replay.ts';
import { exitCodes } from '../../../../agents/lib/failure.ts';

const now = Date.UTC(2026, 10, 20, 12);

test.each([
  ['30m', '2026-11-20T11:30:00.000Z'],
  ['24h', '2026-11-19T12:00:00.000Z'],
  ['7d', '2026-11-13T12:00:00.000Z'],
  ['2026-11-18T09:00:00Z', '2026-11-18T09:00:00.000Z'],
  ['2026-11-18T09:00:00+01:00', '2026-11-18T08:00:00.000Z'],
])('--since %s begins at %s', (word, time) => {
  expect(timeOf(word, now)).toBe(time);
});

test.each(['7', '7w', '-7d', 'yesterday', '2026-11-18', '2026-11-18T09:00:00', '', '2026-99-99T00:00:00Z'])(
  '--since %j is wrong use',
  (word) => {
    expect(() => timeOf(word, now)).toThrow(expect.objectContaining({ exitCode: exitCodes.usage }));
  },
);

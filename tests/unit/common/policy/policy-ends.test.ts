import { keepPolicy, policyVersion } from '../../../../common/policy/policy-in-force.ts';
import { decide } from '../../../../policy/decide.ts';
import { recordingLog } from '../../../support/registry/registry-fixture.ts';

const noon = Date.parse('2026-12-28T12:00:00Z');
const text = `
group_mappings: {}
s:
  - server: a
    methods: [tools/call]
    tools: [always, { name: until-one, until: 2026-12-28T13:00:00Z }]
  - server: a
    until: 2026-12-28T15:00:00+01:00
    methods: [tools/call]
    tools: [until-two]
  - { server: a, methods: [tools/call], tools: [over], until: 2026-12-28T11:59Z }
`;
const origin = { about: () => ({}), taken: 'taken', refused: 'refused', faultsOf: () => [] };
const hours = (count: number) => count * 3_600_000;

describe('The ends of a policy', () => {
  const start = (written = text) => {
    const { log, lines } = recordingLog();
    const kept = keepPolicy(written, origin, log);
    const mayCall = () =>
      ['always', 'until-one', 'until-two', 'over'].filter((name) => {
        const call = { method: 'tools/call', object: { kind: 'tool', name } } as const;
        return decide(kept.current(), ['s'], 'a', [call]).allowed;
      });
    return { kept, mayCall, lines };
  };
  beforeEach(() => {
    jest.useFakeTimers({ now: noon });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('bring a new policy object and version into force at each end, and tell of it', () => {
    const { kept, mayCall, lines } = start();
    const seen: string[] = [];
    kept.onChange(() => seen.push(`${kept.version()} at ${new Date().toISOString().slice(11, 16)}`));
    const before = kept.current();
    expect([kept.version(), mayCall()]).toEqual([`${policyVersion(text)}+1`, ['always', 'until-one', 'until-two']]);
    jest.advanceTimersByTime(hours(1) - 1);
    expect(kept.current()).toBe(before);
    jest.advanceTimersByTime(1);
    expect(mayCall()).toEqual(['always', 'until-two']);
    expect(kept.current()).not.toBe(before);
    jest.advanceTimersByTime(hours(1));
    expect(mayCall()).toEqual(['always']);
    jest.advanceTimersByTime(hours(1_000));
    expect(seen).toEqual([`${policyVersion(text)}+2 at 13:00`, `${policyVersion(text)}+3 at 14:00`]);
    expect(lines.filter((line) => line.includes('a part of the policy has ended'))).toHaveLength(2);
    expect(kept.history()).toEqual({ loadedAt: noon / 1000, reloads: 0, failed: 0 });
  });

  test('that have passed stay passed when the clock is set back, also with another text', async () => {
    const { kept, mayCall } = start();
    jest.advanceTimersByTime(hours(1));
    jest.setSystemTime(noon - hours(5));
    jest.advanceTimersByTime(hours(1));
    expect(mayCall()).toEqual(['always', 'until-two']);
    await kept.take(`${text}# a comment\n`);
    expect(mayCall()).toEqual(['always', 'until-two']);
  });

  test('come at most a minute late when the clock is set on', () => {
    const { mayCall } = start();
    jest.setSystemTime(noon + hours(1.5));
    jest.advanceTimersByTime(60_000);
    expect(mayCall()).toEqual(['always', 'until-two']);
  });

  test('are those of the text in force, and none come after the policy is stopped', async () => {
    const { kept, mayCall } = start(text.replaceAll(/until: [^ }\n]+/g, 'until: 2027-01-01T00:00:00Z'));
    await kept.take(text);
    expect(mayCall()).toEqual(['always', 'until-one', 'until-two']);
    kept.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('of a policy without any cost no timer', () => {
    start('group_mappings: {}\ns: [{ server: a, methods: [tools/call], tools: [always] }]\n');
    expect(jest.getTimerCount()).toBe(0);
  });
});

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchApprovedTools } from '../../../../common/policy/approved-tools-watch.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createLog } from '../../../../common/service/log.ts';
import { decide } from '../../../../policy/decide.ts';
import { isAllVisible, isVisible, listings } from '../../../../policy/listing.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes: {}
all:
  - server: weather
    methods: [tools/list, tools/call, prompts/list, prompts/get]
    tools: ["*"]
    prompts: ["*"]
some:
  - server: weather
    methods: [tools/call]
    tools: [radar]
`);
const noTools = new Map<string, Set<string>>();
const approved = { approved: new Map([['weather', new Set(['forecast'])]]), readOnly: noTools };
const verdict = (scopes: string[], name: string, known?: typeof approved, server = 'weather') => {
  const decision = decide(policy, scopes, server, [{ method: 'tools/call', object: { kind: 'tool', name } }], known);
  return decision.allowed ? 'allowed' : decision.reason;
};

test.each([
  ['an approved tool', 'forecast', 'allowed'],
  ['a tool that is not approved', 'radar', 'tool_changed'],
  ['a tool whose name starts with an approved name', 'forecasts', 'tool_changed'],
  ['an approved name with a look-alike letter', 'f\u043erecast', 'tool_changed'],
  ['an approved name in other letter case', 'Forecast', 'tool_changed'],
  ['the name of a property of every JavaScript object', 'constructor', 'tool_changed'],
])('The policy allows %s: the tool approval decides on top of that', (_what, name, expected) => {
  expect(verdict(['all'], name, approved)).toBe(expected);
  expect(verdict(['all'], name)).toBe('allowed');
});

test('A caller without permission is denied by the policy, approved tool or not: approval grants nothing', () => {
  expect([verdict(['some'], 'forecast', approved), verdict(['some'], 'wipe', approved)]).toEqual([
    'object_not_allowed',
    'object_not_allowed',
  ]);
  expect(verdict([], 'forecast', approved)).toBe('no_scope');
  expect(verdict(['all'], 'forecast', { approved: noTools, readOnly: noTools })).toBe('tool_changed');
});

test('Only tools need approval, and lists show exactly the tools that a call would be allowed to use', () => {
  const prompt = { method: 'prompts/get', object: { kind: 'prompt', name: 'p' } } as const;
  expect(decide(policy, ['all'], 'weather', [prompt], approved).allowed).toBe(true);
  const [tools, prompts] = ['tools/list', 'prompts/list'].map((method) => listings.get(method));
  if (!tools || !prompts) throw new Error('no listing');
  const viewer = { policy, scopes: ['all'], server: 'weather' };
  const visible = (name: string) => isVisible({ ...viewer, tools: approved }, tools, { name });
  expect([visible('forecast'), visible('radar')]).toEqual([true, false]);
  expect(isAllVisible(viewer, tools)).toBe(true);
  expect(isAllVisible({ ...viewer, tools: approved }, tools)).toBe(false);
  expect(isAllVisible({ ...viewer, tools: approved }, prompts)).toBe(true);
});

describe('The file of the approved tools', () => {
  const folder = mkdtempSync(join(tmpdir(), 'approved-'));
  const path = join(folder, 'approved-tools.json');
  const log = createLog('auth-server', 'silent');
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (text: string) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };

  test('approves every tool and makes none read-only with TOOL_CHANGES=flag, while it cannot be read', () => {
    const guard = watchApprovedTools('flag', '/nowhere', log);
    expect(guard.known()).toEqual({ approved: undefined, readOnly: new Map() });
    guard.stop();
  });

  test.each(['flag', 'refuse'] as const)('says with TOOL_CHANGES=%s which tools only read', (mode) => {
    write('{"version":1,"servers":{"weather":["forecast","radar"]},"readOnly":{"weather":["forecast"]}}');
    const guard = watchApprovedTools(mode, path, log);
    const approved = mode === 'flag' ? undefined : new Map([['weather', new Set(['forecast', 'radar'])]]);
    expect(guard.known()).toEqual({ approved, readOnly: new Map([['weather', new Set(['forecast'])]]) });
    guard.stop();
  });

  test('allows no tool while it is missing, broken or of another kind, and is read again after each change', async () => {
    rmSync(path, { force: true });
    const guard = watchApprovedTools('refuse', path, log, 20);
    const eventually = async (expected: unknown) => {
      for (let tries = 0; tries < 500; tries++) {
        if (JSON.stringify(shown()) === JSON.stringify(expected)) break;
        await sleep(10);
      }
      expect(shown()).toEqual(expected);
    };
    const shown = () => {
      const known = guard.known();
      const now = known === 'unreadable' ? known : known.approved;
      return now instanceof Map ? [...now].map(([server, names]) => [server, ...names]) : now;
    };
    try {
      expect(shown()).toBe('unreadable');
      write('{"version":1,"servers":{"weather":["forecast"]}}');
      await eventually([['weather', 'forecast']]);
      for (const bad of ['{"version":1,"servers":{"weath', '{"version":2,"servers":{}}', '[]', '']) {
        write(bad);
        await eventually('unreadable');
        write('{"version":1,"servers":{}}');
        await eventually([]);
      }
      rmSync(path);
      await eventually('unreadable');
    } finally {
      guard.stop();
    }
  });
});

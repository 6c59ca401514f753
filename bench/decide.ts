// Decisions per second with ten rules and with ten thousand: the time of a decision must not grow with the policy.
import { decide } from '../policy/decide.ts';
import { compilePolicy, type Policy, type Rule } from '../policy/policy.ts';
import type { Access } from '../policy/request/mcp-request.ts';
import { median } from './wrk.ts';

const batch = 100_000;
const rounds = 15;

/** One scope with `count` rules, each for a server of its own with three tools and a glob. */
export function policyOf(count: number): Policy {
  const rules = Array.from(
    { length: count },
    (_, i): Rule => ({
      at: `s[${i}]`,
      server: `server-${i}`,
      methods: ['tools/list', 'tools/call', 'resources/read'],
      tools: [`tool-${i}-a`, `tool-${i}-b`, `tool-${i}-c`, `get-${i}-*`],
      toolRules: [],
      prompts: [],
      resources: ['file:///data/*'],
    }),
  );
  return compilePolicy({ groups: new Map(), ui: new Map(), limits: [], scopes: new Map([['s', rules]]) });
}

const tool = (name: string): [Access] => [{ method: 'tools/call', object: { kind: 'tool', name } }];
const questions = Array.from({ length: 10 }, (_, i): { server: string; asked: [Access] }[] => [
  { server: `server-${i}`, asked: [{ method: 'tools/list' }] },
  { server: `server-${i}`, asked: tool(`tool-${i}-c`) },
  { server: `server-${i}`, asked: tool(`get-${i}-time`) },
  { server: `server-${i}`, asked: tool('wipe') },
  { server: `unknown-${i}`, asked: tool(`tool-${i}-a`) },
]).flat();

/** Nanoseconds per decision, over one batch of the same fifty questions. */
export function measureDecisions(policy: Policy): number {
  const scopes = ['openid', 's'];
  let allowed = 0;
  const began = performance.now();
  for (let i = 0; i < batch; i += questions.length) {
    for (const { server, asked } of questions) if (decide(policy, scopes, server, asked).allowed) allowed++;
  }
  const took = (performance.now() - began) * 1e6;
  if (allowed !== (batch * 3) / 5) throw new Error(`${allowed} of ${batch} were allowed: the measurement is wrong`);
  return took / batch;
}

if (import.meta.main) {
  const sizes = [10, 10_000];
  const policies = sizes.map(policyOf);
  const times = sizes.map((): number[] => []);
  // Rounds alternate between the sizes, so that other load on the machine affects all alike. The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    policies.forEach((policy, i) => {
      const time = measureDecisions(policy);
      if (round > 0) times[i]?.push(time);
    });
  }
  times.forEach((all, i) => {
    const middle = median(all);
    const perSecond = Math.round(1e9 / middle).toLocaleString('en');
    const spread = `${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)} ns`;
    console.log(`${sizes[i]} rules: ${perSecond} decisions/s (median ${middle.toFixed(0)} ns, ${spread})`);
  });
}

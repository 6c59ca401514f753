import fc from 'fast-check';
import { decide } from '../../../policy/decide.ts';
import { compilePolicy, type Policy, type PolicySource } from '../../../policy/policy.ts';
import { type Access, type RawMcpRequest, readMcpRequest } from '../../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../../policy/request/refused-request.ts';
import { parseStrictJson, UnreadableBody } from '../../../policy/request/strict-json.ts';
import {
  accesses,
  byteEdits,
  heldScopes,
  jsonText,
  policySource,
  runs,
  server,
  share,
  wrapping,
} from './arbitraries.ts';
import { forbidden, hostileRequest, open } from './hostile-requests.ts';
import { callsIn, readers } from './readers.ts';
import { allows, slowlyDecide, type Verdict } from './reference.ts';
import { isSame, isUnambiguous, readAsWritten, type Written } from './slow-json.ts';

/** Counts the outcomes, so that a test can prove that it has covered every case and not only the easy one. */
function tally() {
  const counts = new Map<string, number>();
  return {
    add: (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1),
    of: (what: string) => counts.get(what) ?? 0,
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
  };
}

describe('decide', () => {
  /** Asks both and fails if they differ. @returns the common answer */
  function ask(source: PolicySource, policy: Policy, ...question: [string[], string, [Access, ...Access[]]]): Verdict {
    const expected = slowlyDecide(source, ...question);
    const decision = decide(policy, ...question);
    const verdict = decision.allowed ? 'allowed' : decision.reason;
    const differ = (what: string) =>
      new Error(`${what} on ${JSON.stringify(question)}, not ${JSON.stringify(expected)}`);
    if (verdict !== expected.verdict) throw differ(verdict);
    if (!decision.allowed) {
      if (decision.access !== expected.denied) throw differ('another access is named');
      return verdict;
    }
    const [, server, [first]] = question;
    const rule = [...source.scopes.values()].flat().find(({ at }) => at === decision.rule);
    if (!rule || !allows(rule, server, first)) throw differ(`the rule ${decision.rule} is named`);
    return verdict;
  }

  test('agrees with a simple loop over the rules in a million decisions, and names a rule that allows', () => {
    const seen = tally();
    const several = <T>(arbitrary: fc.Arbitrary<T>, length: number) =>
      fc.array(arbitrary, { minLength: length, maxLength: length });
    const property = fc.property(
      policySource,
      several(heldScopes, 4),
      several(server, 4),
      several(accesses, 16),
      (source, everybody, servers, questions) => {
        const policy = compilePolicy(source);
        for (const scopes of everybody) {
          for (const on of servers) {
            for (const asked of questions) seen.add(ask(source, policy, scopes, on, asked));
          }
        }
      },
    );
    fc.assert(property, { numRuns: runs(4_000) });
    expect(seen.total()).toBeGreaterThanOrEqual(1_000_000 / share);
    const verdicts = ['allowed', 'no_scope', 'unknown_method', 'server_not_allowed', 'method_not_allowed'];
    for (const verdict of [...verdicts, 'object_not_allowed']) {
      expect([verdict, seen.of(verdict) / seen.total() > 0.01]).toEqual([verdict, true]);
    }
  });
});

describe('a call of a forbidden tool', () => {
  const methods = ['tools/call', 'tools/list', 'prompts/get', 'completion/complete'];
  const rule = {
    at: 's[0]',
    server: 'a',
    methods,
    tools: [open, 'clock_*'],
    toolRules: [],
    prompts: ['*'],
    resources: ['*'],
  };
  const policy = compilePolicy({ groups: new Map(), ui: new Map(), limits: [], scopes: new Map([['s', [rule]]]) });
  const gate = (raw: RawMcpRequest): boolean => {
    try {
      return decide(policy, ['s'], 'a', readMcpRequest(raw).accesses).allowed;
    } catch (error) {
      if (error instanceof RefusedRequest) return false;
      throw error;
    }
  };
  const isOpen = (name: unknown) => typeof name === 'string' && /^clock($|_)/.test(name);

  /** Every call that any kind of server finds in a body. */
  const allReadings = (body: Uint8Array) => {
    const written = readAsWritten(body);
    return Object.entries(readers).flatMap(([way, reader]) =>
      callsIn(written, reader).map((read) => ({ way, ...read })),
    );
  };
  /** Fails if `passes` accepts a body in which some server finds a call of a tool that is not open. */
  const talkRound = (passes: (raw: RawMcpRequest) => boolean, seen = tally()) =>
    fc.property(hostileRequest, (raw) => {
      const allowed = passes(raw);
      seen.add(allowed ? 'allowed' : 'refused');
      if (!allowed || raw.body.length === 0) return;
      const calls = allReadings(raw.body).filter(({ method }) => method === 'tools/call');
      const bad = calls.find(({ name }) => !isOpen(name));
      if (bad) throw new Error(`${bad.way}: it calls ${bad.name}`);
      if (calls.length > 0 && raw.mcpName === forbidden) throw new Error('the header names the forbidden tool');
      if (calls.length > 0) seen.add('allowed call');
    });

  test('never passes as another call after changes to its bytes, keys, letters and headers', () => {
    const seen = tally();
    fc.assert(talkRound(gate, seen), { numRuns: runs(40_000) });
    for (const outcome of ['allowed', 'refused', 'allowed call']) {
      expect([outcome, seen.of(outcome) > (share === 1 ? 1000 : 5)]).toEqual([outcome, true]);
    }
  });

  test('passes a gate that reads like JavaScript, which proves that the changes above are effective', () => {
    const naive = ({ body }: RawMcpRequest) => {
      try {
        const message = JSON.parse(Buffer.from(body).toString());
        return message.method === 'tools/call' && message.params.name === open;
      } catch {
        return false;
      }
    };
    expect(fc.check(talkRound(naive), { numRuns: runs(40_000) }).failed).toBe(true);
  });
});

describe('parseStrictJson', () => {
  const body = fc.tuple(jsonText, fc.option(wrapping), fc.option(byteEdits, { freq: 2 })).map(([text, wrap, ruin]) => {
    const bytes = new TextEncoder().encode(wrap?.(text) ?? text);
    return ruin?.(bytes) ?? bytes;
  });

  const strictly = (bytes: Uint8Array): { value: unknown } | undefined => {
    try {
      return { value: parseStrictJson(bytes) };
    } catch (error) {
      if (error instanceof UnreadableBody) return undefined;
      throw error;
    }
  };
  const slowly = (bytes: Uint8Array): { value: Written } | undefined => {
    try {
      return { value: readAsWritten(bytes) };
    } catch {
      return undefined;
    }
  };

  test('reads the same as a character-by-character parser, and rejects invalid and ambiguous JSON', () => {
    const seen = tally();
    const property = fc.property(body, (bytes) => {
      const ours = strictly(bytes);
      const written = slowly(bytes);
      const expected = written !== undefined && isUnambiguous(written.value);
      if ((ours !== undefined) !== expected) throw new Error(`accepted: ${ours !== undefined}, expected: ${expected}`);
      if (ours && written && !isSame(written.value, ours.value)) throw new Error('it reads another value');
      seen.add(written === undefined ? 'broken' : expected ? 'good' : 'ambiguous');
    });
    fc.assert(property, { numRuns: runs(30_000) });
    for (const outcome of ['broken', 'good', 'ambiguous']) {
      expect([outcome, seen.of(outcome) > seen.total() / 100]).toEqual([outcome, true]);
    }
  });
});

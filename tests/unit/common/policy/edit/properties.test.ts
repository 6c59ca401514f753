import fc from 'fast-check';
import { stringify } from 'yaml';
import { giveAccess } from '../../../../../common/policy/edit/give.ts';
import type { Grant, Holder, ToolEntry } from '../../../../../common/policy/edit/grant.ts';
import { EditRefused } from '../../../../../common/policy/edit/refused.ts';
import { takeAway } from '../../../../../common/policy/edit/take.ts';
import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { diff } from '../../../../../policy/review/diff.ts';
import { runs } from '../../../policy/arbitraries.ts';

const groups = ['support', 'sales', 'ops'];
const scopes = ['one', 'two', 'api/read', 'api/write'];
const servers = ['github', 'jira'];
const tools = ['get', 'get_*', 'set', '*'];
const some = (from: readonly string[]) => fc.subarray([...from], { minLength: 1 });

const rule = fc.record({
  server: fc.constantFrom(...servers, 'git*', '*'),
  methods: fc.constantFrom(['tools/list', 'tools/call'], ['tools/call'], ['*'], ['tools/list', 'prompts/*']),
  tools: fc.oneof(some(tools), fc.constant('get'), fc.constant(undefined)),
  prompts: fc.constantFrom(undefined, ['*']),
});
const entries: ToolEntry[] = [
  { name: 'set', arguments: { repo: ['acme/*'] }, until: '2126-12-28T17:00:00Z' },
  { name: 'own', approve: 'person', only: true },
  { hint: 'read-only' },
];
/** The text of a policy, with a comment at each line, in one of two styles. */
const policyText = fc
  .record({
    held: fc.array(fc.subarray(scopes), { minLength: groups.length, maxLength: groups.length }),
    rules: fc.array(fc.array(rule, { maxLength: 3 }), { minLength: scopes.length, maxLength: scopes.length }),
    seen: fc.array(fc.subarray(servers), { minLength: scopes.length, maxLength: scopes.length }),
    style: fc.constantFrom({}, { indentSeq: false, singleQuote: true }),
  })
  .map(({ held, rules, seen, style }) => {
    const ui = scopes.map((scope, i) => [scope, { list_service: seen[i] }] as const);
    const plain = {
      group_mappings: Object.fromEntries(groups.map((name, i) => [name, held[i]])),
      'UI-Scopes': Object.fromEntries(ui.filter(([, { list_service: names = [] }]) => names.length > 0)),
      ...Object.fromEntries(scopes.map((scope, i) => [scope, rules[i]])),
    };
    const text = stringify(JSON.parse(JSON.stringify(plain)), style);
    return text
      .split('\n')
      .map((line, i) => (/[[\]{},]$/.test(line) || line === '' ? line : `${line} # ${i}`))
      .join('\n');
  });
const holder: fc.Arbitrary<Holder> = fc.oneof(
  fc.record({ kind: fc.constant('group' as const), name: fc.constantFrom(...groups, 'new') }),
  fc.record({ kind: fc.constant('agent' as const), name: fc.constantFrom('api/read', 'api/write', 'new/scope') }),
);
const grant: fc.Arbitrary<Grant> = fc.record({
  to: holder,
  server: fc.constantFrom(...servers, 'mail'),
  tools: fc
    .tuple(some([...tools, 'own']), fc.subarray(entries))
    .map(([names, conditional]) => [...names, ...conditional]),
});
const nameOf = (tool: string | ToolEntry) => (typeof tool === 'string' ? tool : (tool.name ?? `hint: ${tool.hint}`));

/** What an edit gave, or nothing if it was refused: with a sentence. */
function edited<T>(edit: () => T): T | undefined {
  try {
    return edit();
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    expect(error.message).toMatch(/^[A-Z"].*\.$/s);
    return undefined;
  }
}

const differences = (before: string, after: string) => diff(parsePolicy(before), parsePolicy(after));
const commentsOf = (text: string) => text.match(/# \d+/g)?.toSorted() ?? [];
/** A scope that an edit has made. No agent holds it. */
const isNewScope = (who: string) => ![...groups, ...scopes, 'new', 'new/scope'].includes(who);
const isFor = ({ kind, name }: Holder) => ({ kind: kind === 'group' ? 'person' : 'agent', who: name });

describe('Whatever the policy says,', () => {
  test('giving adds rights to the one who gets them, and changes nothing for others; no comment is lost', () => {
    const check = (text: string, given: Grant) => {
      const { text: after, scope } = giveAccess(text, given);
      for (const { kind, who, change } of differences(text, after)) {
        expect(change).toBe('gains');
        const isTheirs = who === given.to.name && isFor(given.to).kind === kind;
        expect(isTheirs || (kind === 'agent' && (who === scope || isNewScope(who)))).toBe(true);
      }
      expect(commentsOf(after)).toEqual(commentsOf(text));
    };
    fc.assert(
      fc.property(policyText, grant, (text, given) => void edited(() => check(text, given))),
      { numRuns: runs(100) },
    );
  });

  test('what is given and then taken leaves the verdicts of before, unless the holder had some of it already', () => {
    let taken = 0;
    fc.assert(
      fc.property(policyText, grant, (text, given) => {
        const { to: from, server } = given;
        const after = edited(() => giveAccess(text, given).text);
        if (after === undefined) return;
        const names = given.tools.map(nameOf);
        const had = differences(text, after).filter(({ what }) => what.startsWith('tools/call')).length === 0;
        const left = edited(() => takeAway(after, { from, server, tools: names }));
        if (!left || had) return;
        const remaining = differences(text, left.text).filter(({ who }) => !isNewScope(who));
        // A scope that has another rule for the server goes on to show it in the registry.
        expect(remaining.filter(({ change, what }) => change === 'gains' && !what.startsWith('list_service'))).toEqual(
          [],
        );
        if (remaining.length === 0) taken++;
      }),
      { numRuns: runs(100) },
    );
    expect(taken).toBeGreaterThan(0);
  });

  test('taking leaves others what they have, and adds nothing to anyone', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        policyText,
        holder,
        fc.constantFrom(...servers),
        fc.option(some(tools), { nil: undefined }),
        (text, from, server, names) => {
          const result = edited(() => takeAway(text, { from, server, ...(names && { tools: names }) }));
          if (!result) return;
          taken++;
          expect(result.alsoLose).toEqual([]);
          for (const { kind, who, change } of differences(text, result.text)) {
            if (kind === 'agent' && (isNewScope(who) || !who.includes('/'))) continue;
            expect({ kind, who, change }).toEqual({ ...isFor(from), change: 'loses' });
          }
        },
      ),
      { numRuns: runs(100) },
    );
    expect(taken).toBeGreaterThan(0);
  });
});

import fc from 'fast-check';
import { decide } from '../../../../policy/decide.ts';
import { readMcpRequest } from '../../../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../../../policy/request/refused-request.ts';
import { byteEdits, runs, share } from '../arbitraries.ts';
import { readers } from '../readers.ts';
import { readAsWritten, type Written } from '../slow-json.ts';
import { policyFor } from './asked.ts';

const policy = policyFor('arguments: {repo: {in: ["acme/*"], optional: true}, n: {min: 1, max: 100, optional: true}}');
const gate = (body: Uint8Array): boolean => {
  try {
    const { accesses } = readMcpRequest({ httpMethod: 'POST', endpoint: 'mcp', body });
    return decide(policy, ['s'], 'a', accesses).allowed;
  } catch (error) {
    if (error instanceof RefusedRequest) return false;
    throw error;
  }
};

const spelling = fc.constantFrom(
  ...['repo', 'repo', 'n', 'n', 'Repo', 'REPO', 'N', 're\\u0070o', '\\u006e', 'repo ', 'repo\\u0000', 're_po', 'other'],
);
const value = fc.constantFrom(
  ...[
    '"acme/web"',
    '"acme/web"',
    '"evil/web"',
    '"acme\\u002fweb"',
    '"acme/../evil"',
    '["acme/a","evil/b"]',
    '["acme/a"]',
  ],
  ...['5', '5', '500', '5.00', '100.00000000000000001', '9007199254740993', '1e400', '"500"', 'null', '{}', '[5,500]'],
);
const members = fc.array(fc.tuple(spelling, value), { maxLength: 3 });
const objectOf = (pairs: readonly [string, string][]) => `{${pairs.map(([key, text]) => `"${key}":${text}`).join()}}`;
const argumentsKey = fc.constantFrom(
  'arguments',
  'arguments',
  'arguments',
  'Arguments',
  'argument\u017f',
  '\\u0061rguments',
);
const body = fc
  .tuple(
    fc.array(fc.tuple(argumentsKey, members.map(objectOf)), { minLength: 1, maxLength: 2 }),
    fc.option(byteEdits, { freq: 2 }),
  )
  .map(([given, ruin]) => {
    const params = objectOf([['name', '"t"'], ...given]);
    const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
    const bytes = new TextEncoder().encode(text);
    return ruin?.(bytes) ?? bytes;
  });

/** Whether a value that some server reads is one that the rule allows. */
const isRight = (key: string, read: Written | undefined): boolean => {
  if (Array.isArray(read)) return read.every((each) => isRight(key, each));
  if (key === 'repo') return typeof read === 'string' && read.startsWith('acme/') && !read.includes('..');
  return Number(JSON.stringify(read) ?? Number.NaN) >= 1 && Number(JSON.stringify(read)) <= 100;
};

const talkRound = (passes: (bytes: Uint8Array) => boolean, seen: Map<string, number>) =>
  fc.property(body, (bytes) => {
    const allowed = passes(bytes);
    seen.set(String(allowed), (seen.get(String(allowed)) ?? 0) + 1);
    if (!allowed) return;
    for (const [way, reader] of Object.entries(readers)) {
      const message = readAsWritten(bytes);
      const params = reader(message, 'params');
      if (reader(message, 'method') !== 'tools/call' || reader(params, 'name') !== 't') continue;
      for (const key of ['repo', 'n']) {
        const read = reader(reader(params, 'arguments'), key);
        if (read !== undefined && !isRight(key, read)) throw new Error(`${way}: it reads another ${key}`);
      }
    }
  });

test('No server reads other arguments from a call that passes than those that were judged', () => {
  const seen = new Map<string, number>();
  fc.assert(talkRound(gate, seen), { numRuns: runs(40_000) });
  for (const outcome of ['true', 'false']) expect((seen.get(outcome) ?? 0) > (share === 1 ? 2_000 : 5)).toBe(true);
});

test('Some server does so from calls that a gate lets through which reads like JavaScript', () => {
  const naive = (bytes: Uint8Array) => {
    try {
      const { repo = 'acme/', n = 1 } = JSON.parse(Buffer.from(bytes).toString()).params.arguments ?? {};
      return String(repo).startsWith('acme/') && n >= 1 && n <= 100;
    } catch {
      return false;
    }
  };
  expect(fc.check(talkRound(naive, new Map()), { numRuns: runs(40_000) }).failed).toBe(true);
});

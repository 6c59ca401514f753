import fc from 'fast-check';
import type { RawMcpRequest } from '../../../policy/request/mcp-request.ts';
import { byteEdits } from './arbitraries.ts';

/** The tool that the caller wants and may not call, and one that every caller may call. */
export const forbidden = 'wipe';
export const open = 'clock';

type Member = [key: string, value: string];
/** A message under construction: each member as text, so that keys can be duplicate and spelt in any way. */
interface Draft {
  message: Member[];
  params: Member[];
  raw: Partial<RawMcpRequest>;
}
type Edit = (draft: Draft) => void;

const call: readonly Member[] = [
  ['jsonrpc', '"2.0"'],
  ['id', '1'],
  ['method', '"tools/call"'],
  ['params', ''],
];

const place = fc.nat({ max: 6 });
const level = fc.constantFrom<'message' | 'params'>('message', 'params');

/** A key unchanged, with an escaped letter, in another letter case, or with a letter that only case-folds to the right one. */
const spelling = fc.oneof(
  { weight: 3, arbitrary: fc.constant((key: string) => key) },
  fc.nat({ max: 7 }).map((at) => (key: string) => {
    const i = at % key.length;
    const code = key.charCodeAt(i).toString(16).padStart(4, '0');
    return `${key.slice(0, i)}\\u${code}${key.slice(i + 1)}`;
  }),
  fc.nat({ max: 7 }).map((at) => (key: string) => {
    const i = at % key.length;
    return key.slice(0, i) + key.charAt(i).toUpperCase() + key.slice(i + 1);
  }),
  fc.constantFrom(
    (key: string) => key.toUpperCase(),
    (key: string) => key.replace('s', 'ſ').replace('k', '\u212a'),
    (key: string) => ` ${key}`,
    (key: string) => `${key}\\u0000`,
  ),
);

const value = fc.constantFrom(
  ...[`"${open}"`, `"${forbidden}"`, `"wi\\u0070e"`, `["${open}"]`, 'null', '""', `"${open}\\u0000"`, `"${open} "`],
  ...['"tools/call"', '"tools\\/call"', '"tools/list"', '"ping"', '"Tools/Call"'],
  ...[`{"name":"${open}"}`, `{"name":"${forbidden}"}`, `{"Name":"${forbidden}","name":"${open}"}`, '{}', '1', '"2.0"'],
);
const headerValue = fc.constantFrom(
  ...[open, forbidden, 'tools/call', 'tools/list', '=?base64?Y2xvY2s=?=', '=?base64?d2lwZQ==?=', '=?base64?!?=', ''],
);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constant(({ params }: Draft) => {
      params[0] = ['name', `"${open}"`];
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(level, place, fc.constantFrom('method', 'params', 'name', 'arguments', 'task', '_meta'), spelling, value)
      .map(([where, at, key, spell, text]) => ({ [where]: members }: Draft) => {
        members.splice(at, 0, [spell(key), text]);
      }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(level, place, value).map(([where, at, text]) => ({ [where]: members }: Draft) => {
      const member = members[at % members.length];
      // The value of `params` is filled in later; only another edit may replace it, with a member of the same name.
      if (member && member[0] !== 'params') member[1] = text;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(level, place, spelling).map(([where, at, spell]) => ({ [where]: members }: Draft) => {
      const member = members[at % members.length];
      if (member) member[0] = spell(member[0]);
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom<'mcpName' | 'mcpMethod'>('mcpName', 'mcpMethod'), headerValue)
      .map(([header, text]) => ({ raw }: Draft) => {
        raw[header] = text;
      }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Partial<RawMcpRequest>>({ httpMethod: 'GET' }, { endpoint: 'messages' })
      .map((change) => ({ raw }: Draft) => {
        Object.assign(raw, change);
      }),
  },
);

const shape = fc.constantFrom(
  ...Array.from({ length: 6 }, () => (text: string) => text),
  (text: string) => `[${text}]`,
  (text: string) => `\ufeff${text}`,
  (text: string) => `${text}\n{}`,
  (text: string) => ` ${text}\r\n`,
);

/**
 * Calls of the forbidden tool, disguised as something else: duplicate keys, keys in other letter case, other values,
 * contradicting headers, single changed bytes.
 */
export const hostileRequest: fc.Arbitrary<RawMcpRequest> = fc
  .tuple(fc.array(edit, { maxLength: 3 }), shape, fc.option(byteEdits, { freq: 4 }))
  .map(([edits, around, ruin]) => {
    const draft: Draft = { message: call.map(([key, text]) => [key, text]), params: [], raw: {} };
    draft.params.push(['name', `"${forbidden}"`], ['arguments', '{"name":"x"}']);
    for (const change of edits) change(draft);
    const write = (members: Member[]) => `{${members.map(([key, text]) => `"${key}":${text}`).join()}}`;
    const message = draft.message.map(([key, text]): Member => [key, text || write(draft.params)]);
    const bytes = new TextEncoder().encode(around(write(message)));
    return { httpMethod: 'POST', endpoint: 'mcp', body: ruin?.(bytes) ?? bytes, ...draft.raw };
  });

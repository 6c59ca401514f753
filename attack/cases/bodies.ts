import { gzipSync } from 'node:zlib';
import {
  byCaller,
  type Case,
  callers,
  caseOf,
  complete,
  forbiddenCall,
  listTools,
  mcpPath,
  rpc,
  type Sent,
  type Target,
} from '../case.ts';

const theme = 'Ambiguous bodies';
const as = (body: string | Buffer | undefined, headers: Sent['headers'] = {}): Sent => ({ body, headers });
const call = forbiddenCall;
/** The forbidden call with text added after its opening brace, or before its closing one. */
const first = (target: Target, text: string) => as(call(target).replace('{', `{${text},`));
const last = (target: Target, text: string) => as(call(target).replace(/\}$/, `,${text}}`));
const padded = (target: Target, length: number) =>
  rpc('tools/call', { name: target.tool, arguments: { ...target.args, pad: 'x'.repeat(length) } });
const typed = (value: string | string[]) => (target: Target) => as(call(target), { 'content-type': value });
const params = (target: Target) => JSON.stringify({ name: target.tool, arguments: target.args });
/** A JSON-RPC message with other fields than those of a request. */
const fields = (text: string) => as(`{"jsonrpc":"2.0",${text}}`);

const rows = byCaller(theme, [
  ['J3 c', 'a batch around the call', (t) => as(`[${call(t)}]`)],
  ['J3 c', 'a batch with a harmless request first', (t) => as(`[${listTools},${call(t)}]`)],
  ['J3', 'an empty batch', as('[]')],
  ['J3', 'invalid JSON', as('{')],
  ['J3', 'a JSON string', as('"x"')],
  ['J3', 'null', as('null')],
  ['J3 b', 'no body', as(undefined)],
  ['J3 b', 'an empty body', as('')],
  ['J3', 'two objects in a row', (t) => as(listTools + call(t))],
  ['J3', 'two lines of JSON', (t) => as(`${listTools}\n${call(t)}`)],
  ['J4 i', 'method twice, the call first', (t) => last(t, '"method":"tools/list"')],
  ['J4 i', 'method twice, the call last', (t) => first(t, '"method":"tools/list"')],
  ['J4 i', 'method twice, once written with an escape', (t) => last(t, '"meth\\u006fd":"tools/list"')],
  ['J4 i', 'params twice', (t) => last(t, '"params":{"name":"list_services"}')],
  ['J4 i', 'name twice', (t) => as(call(t).replace('"params":{', '"params":{"name":"list_services",'))],
  ['J4', 'Method beside method', (t) => first(t, '"Method":"tools/list"')],
  ['J4', 'method in upper case only', (t) => as(call(t).replace('"method"', '"METHOD"'))],
  ['J4', 'params with a long s, which folds to s', (t) => first(t, '"paramſ":{}')],
  ['J4', 'method beside result', (t) => last(t, '"result":{}')],
  ['J4', 'a call disguised as a response', (t) => last(t, '"error":{"code":1,"message":"x"}')],
  ['J4', 'the method in __proto__', (t) => fields(`"id":1,"__proto__":{"method":"tools/call","params":${params(t)}}`)],
  ['J5 f', 'a harmless X-Body', (t) => as(call(t), { 'x-body': listTools })],
  ['J5 g', 'a body of 16 kB with X-Body', (t) => as(padded(t, 16_000), { 'x-body': listTools })],
  ['g', 'a body of 10240 bytes', (t) => as(padded(t, 10_150))],
  ['g', 'a body just below the limit', (t) => as(padded(t, 1_040_000))],
  ['g', 'a body over the limit', (t) => as(padded(t, 4_400_000))],
  ['g', 'the call after a megabyte of spaces', (t) => as(' '.repeat(1_000_000) + call(t))],
  ['g4', 'a gzip body', (t) => as(gzipSync(call(t)), { 'content-encoding': 'gzip' })],
  ['g4', 'Content-Encoding in two lines', (t) => as(gzipSync(call(t)), { 'content-encoding': ['identity', 'gzip'] })],
  ['g4', 'Content-Encoding: br on a plain body', (t) => as(call(t), { 'content-encoding': 'br' })],
  ['o', 'a line break in the body', (t) => as(JSON.stringify(JSON.parse(call(t)), null, 2))],
  ['o', 'CR LF and a header in the body', (t) => as(call(t).replace(',', ',\r\nX-User: root\r\n\r\n'))],
  ['o5', 'a byte order mark', (t) => as(`\ufeff${call(t)}`)],
  ['o5', 'UTF-16', (t) => as(Buffer.from(`\ufeff${call(t)}`, 'utf16le'))],
  [
    'o5',
    'UTF-16, as declared by the charset',
    (t) => as(Buffer.from(call(t), 'utf16le'), { 'content-type': 'application/json; charset=utf-16le' }),
  ],
  ['o6', '1500 levels of nesting', (t) => first(t, `"a":${'['.repeat(1500)}${']'.repeat(1500)}`)],
  ['o6', '200000 levels of nesting', (t) => first(t, `"a":${'['.repeat(200_000)}${']'.repeat(200_000)}`)],
  ['o7', 'an id of 5000 digits', (t) => as(call(t).replace('"id":1', `"id":${'9'.repeat(5000)}`))],
  ['o7', 'NaN as id', (t) => as(call(t).replace('"id":1', '"id":NaN'))],
  ['o8', 'a broken surrogate in the tool', (t) => as(call(t).replace(t.tool, `${t.tool}\\ud800`))],
  [
    'o8',
    'invalid UTF-8 in the tool',
    (t) => as(Buffer.concat([Buffer.from(call(t).slice(0, -2)), Buffer.from([0xff]), Buffer.from('}}')])),
  ],
  ['o8', 'a comment in the JSON', (t) => as(call(t).replace('{', '{/*'))],
  ['o8', 'a trailing comma', (t) => as(call(t).replace(/\}\}$/, '},}'))],
  ['o8', 'a NUL after the JSON', (t) => as(`${call(t)}\0`)],
  [
    'o9',
    'method null, with another field in its place',
    (t) => fields(`"id":1,"method":null,"tool":"tools/list","params":${params(t)}`),
  ],
  ['o9', 'method empty', fields('"id":1,"method":"","params":{"name":"tools/list"}')],
  ['o9', 'method as a list', (t) => as(call(t).replace('"tools/call"', '["tools/call"]'))],
  ['o9', 'method as an object', (t) => as(call(t).replace('"tools/call"', '{"toString":"tools/call"}'))],
  ['o9', 'the tool as a list', (t) => as(call(t).replace(`"${t.tool}"`, `["${t.tool}"]`))],
  ['o9', 'params as a list', (t) => fields(`"id":1,"method":"tools/call","params":[${params(t)}]`)],
  ['o9', 'the tool with a trailing space', (t) => as(call(t).replace(t.tool, `${t.tool} `))],
  ['o9', 'the tool in upper case', (t) => as(call(t).replace(t.tool, t.tool.toUpperCase()))],
  ['o9', 'the method in mixed case', (t) => as(call(t).replace('tools/call', 'Tools/Call'))],
  ['o9', 'the method with a NUL', (t) => as(call(t).replace('tools/call', 'tools/list\\u0000tools/call'))],
  ['own', 'a call without an id, as a notification', (t) => fields(`"method":"tools/call","params":${params(t)}`)],
  ['own', 'a call with id null', (t) => as(call(t).replace('"id":1', '"id":null'))],
  ['own', 'jsonrpc 1.0', (t) => as(call(t).replace('2.0', '1.0'))],
  ['own', 'a tool named *', (t) => as(call(t).replace(t.tool, '*'))],
  ['own', 'charset=utf-7', typed('application/json; charset=utf-7')],
  ['own', 'two charsets', typed('application/json; charset=utf-8; charset=utf-7')],
  ['own', 'text/plain, which needs no preflight', typed('text/plain')],
  ['own', 'a form', typed('application/x-www-form-urlencoded')],
  ['own', 'a multipart body', typed('multipart/form-data; boundary=x')],
  ['own', 'Content-Type in two lines', typed(['application/json', 'text/plain'])],
]);

/** A chunked body in the given pieces, with the first available credential. */
function chunked(name: string, pieces: (body: string) => string[]): Case {
  return caseOf(theme)('g', name, ['caller'], async (ctx) => {
    const [credential = {}] = callers(ctx);
    const { headers = {} } = complete(ctx.target, {}, credential);
    const lines = Object.entries({ ...headers, 'transfer-encoding': 'chunked', connection: 'close' });
    const head = `POST ${mcpPath(ctx.target)} HTTP/1.1\r\nHost: ${ctx.target.url.host}\r\n${lines.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`;
    const chunks = pieces(call(ctx.target)).map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`);
    return [await ctx.sendBytes([head, ...chunks, '0\r\n\r\n'])];
  });
}

/** Bodies in every form and encoding: the Python original checked fewer bodies than it let through. */
export const bodies: Case[] = [
  ...rows,
  chunked('the call in one chunk', (body) => [body]),
  chunked('the call in chunks of one byte', (body) => [...body]),
  chunked('20000 chunks of one byte', (body) => [...' '.repeat(20_000), body]),
];

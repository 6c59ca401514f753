import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A page's code blocks in one language, in order. */
export const blocks = (language: string, page = 'docs/upstreams.md'): string[] =>
  [...readFileSync(page, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, code = '']) =>
    of === language ? [code] : [],
  );

/** A server's response to one request. */
interface Answer {
  status: number;
  /** The whole response; it contains the caller's name if the server accepts the request. */
  said: string;
}

/** A server built from the document's code. */
export interface Checked {
  /** Sends a request with this assertion, or without one if undefined. */
  ask(assertion: string | undefined): Promise<Answer>;
  close(): Promise<void>;
}

/** Replaces the document's values with the test's. Each must occur, or the test would check nothing. */
function withValues(code: string, values: Record<string, string>): string {
  return Object.entries(values).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`docs/upstreams.md no longer has ${from} in this block`);
    return changed.replaceAll(from, to);
  }, code);
}

const theirGateway = 'https://gateway.example.com';

/** Writes the first two TypeScript blocks to the files that the document names, in `directory`, where their imports resolve. */
export function writeTypeScript(directory: string, gateway: string, server: string, port: number): void {
  const [caller = '', program = ''] = blocks('ts');
  mkdirSync(directory, { recursive: true });
  symlinkSync(resolve('node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  writeFileSync(join(directory, 'caller.ts'), withValues(caller, { [theirGateway]: gateway, myserver: server }));
  writeFileSync(join(directory, 'server.ts'), withValues(program, { '8000': String(port) }));
}

/** Runs the document's SDK server and calls its tool. */
export async function startTypeScript(directory: string, gateway: string, server: string): Promise<Checked> {
  const port = await freePort();
  writeTypeScript(directory, gateway, server, port);
  const child = spawn(process.execPath, [join(directory, 'server.ts')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let trouble = '';
  child.stderr.on('data', (data) => {
    trouble += data;
  });
  const url = `http://127.0.0.1:${port}/mcp`;
  while (!(await fetch(url).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`The TypeScript of docs/upstreams.md does not run:\n${trouble}`);
    await sleep(50);
  }
  return {
    async ask(assertion) {
      const headers = {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...(assertion !== undefined && { 'X-Mcp-Assertion': assertion }),
      };
      const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(call) });
      return { status: response.status, said: await response.text() };
    },
    close: () => kill(child),
  };
}

const driver = `
import asyncio, json, sys
from require_caller import RequireCaller

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(scope["state"]["caller"]).encode()})

async def ask(assertion):
    sent = []
    async def send(message): sent.append(message)
    headers = [] if assertion is None else [(b"x-mcp-assertion", assertion.encode("latin-1"))]
    await RequireCaller(app)({"type": "http", "headers": headers}, None, send)
    return {"status": sent[0]["status"], "said": sent[1]["body"].decode()}

print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps(asyncio.run(ask(json.loads(line)))), flush=True)
`;

/** Runs the document's ASGI middleware around an app that returns the caller's name. */
export async function startPython(directory: string, gateway: string, server: string): Promise<Checked> {
  const [caller = '', middleware = ''] = blocks('python');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'caller.py'), withValues(caller, { [theirGateway]: gateway, myserver: server }));
  writeFileSync(join(directory, 'require_caller.py'), middleware);
  writeFileSync(join(directory, 'driver.py'), driver);
  const child = spawn(findPython(), [join(directory, 'driver.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  let trouble = '';
  child.stderr.on('data', (data) => {
    trouble += data;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The Python of docs/upstreams.md does not run:\n${trouble}`);
    return value;
  };
  await next();
  return {
    async ask(assertion) {
      child.stdin.write(`${JSON.stringify(assertion ?? null)}\n`);
      return JSON.parse(await next()) as Answer;
    },
    close: () => kill(child),
  };
}

/**
 * A Python that has PyJWT and cryptography.
 * @throws {Error} names what to install
 */
export function findPython(candidates: readonly string[] = ['python3', '/usr/bin/python3']): string {
  for (const python of candidates) {
    try {
      execFileSync(python, ['-c', 'import jwt, cryptography; jwt.PyJWKClient'], { stdio: 'ignore' });
      return python;
    } catch {
      // Try the next one: on many machines a python3 of pyenv or conda precedes Debian's in PATH.
    }
  }
  throw new Error(
    "The Python in docs/upstreams.md cannot be tried: there is no python3 with PyJWT and cryptography. Run: apt-get install python3 python3-jwt python3-cryptography (or: pip install 'pyjwt[crypto]')",
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { listen } from '../support/listen.ts';
import { blocks } from './upstream-servers.ts';

// pip downloads.
jest.setTimeout(600_000);

/** Packages of one environment, kept between runs. @returns its Python */
function environment(packages: readonly string[]): string {
  const folder = resolve('node_modules/.cache/python', packages.join('_').replace(/[^\w.]+/g, '-'));
  mkdirSync(folder, { recursive: true });
  execFileSync('python3', ['-m', 'venv', folder]);
  execFileSync(join(folder, 'bin', 'pip'), ['install', '-q', '--disable-pip-version-check', ...packages]);
  return join(folder, 'bin', 'python');
}

/** What `pip install` installs on the page. */
function packagesOfPage(): string[] {
  const line = blocks('sh').find((block) => block.startsWith('pip install')) ?? '';
  return [...line.matchAll(/'([^']+)'/g)].map(([, name = '']) => name);
}

const importLine = 'from mcp.server.mcpserver import Context, MCPServer';
/** The SDK, the line that the page gives for it, and another change that it names. */
const variants: [string, string, (code: string) => string][] = [
  ['the packages of the page', '', (code) => code],
  [
    'mcp<2',
    'mcp<2',
    (code) => code.replace(importLine, 'from mcp.server.fastmcp import Context, FastMCP as MCPServer'),
  ],
  [
    'fastmcp',
    'fastmcp==4.2.3',
    (code) =>
      code
        .replace(importLine, 'from fastmcp import Context, FastMCP as MCPServer')
        .replace('mcp.streamable_http_app()', 'mcp.http_app()'),
  ],
];

test('The page pins each package that it installs', () => {
  expect(packagesOfPage()).toHaveLength(3);
  for (const name of packagesOfPage()) expect(name).toMatch(/^[\w[\]-]+==\d+(\.\d+)+$/);
});

test.each(variants)(
  'The Python server of docs/upstreams.md tells its caller apart, with %s',
  async (_what, sdk, change) => {
    const pinned = packagesOfPage();
    const python = environment(sdk === '' ? pinned : [...pinned.filter((name) => !name.startsWith('mcp=')), sdk]);
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA', use: 'sig' }] };
    const front = await listen(
      (_req, res) => void res.setHeader('Content-Type', 'application/json').end(JSON.stringify(keys)),
    );
    const gateway = `http://localhost:${front.port}`;
    const free = await listen(() => undefined);
    await free.close();
    const [caller = '', middleware = '', server = ''] = blocks('python');
    const folder = resolve('node_modules/.cache/python', `server-${free.port}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'caller.py'), caller.replace('https://gateway.example.com', gateway));
    writeFileSync(join(folder, 'require_caller.py'), middleware);
    writeFileSync(join(folder, 'server.py'), change(server).replace('8000', String(free.port)));
    const child = spawn(python, [join(folder, 'server.py')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let trouble = '';
    child.stderr.on('data', (bytes) => {
      trouble += bytes;
    });
    const url = new URL(`http://127.0.0.1:${free.port}/mcp`);
    try {
      let status: number | undefined;
      while (status === undefined) {
        if (child.exitCode !== null) throw new Error(trouble);
        status = await fetch(url).then(
          (answer) => answer.status,
          () => undefined,
        );
        await sleep(50);
      }
      expect(status).toBe(401);
      const assertion = await new SignJWT({ username: 'alice' })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'k', typ: 'JWT' })
        .setIssuer(gateway)
        .setAudience(`${gateway}/myserver`)
        .setSubject('a11ce')
        .setExpirationTime('1m')
        .sign(privateKey);
      const client = new Client({ name: 'test', version: '1.0.0' });
      await client.connect(
        new StreamableHTTPClientTransport(url, { requestInit: { headers: { 'X-Mcp-Assertion': assertion } } }),
      );
      const answer = await client.callTool({ name: 'whoami', arguments: {} });
      expect(answer.content).toEqual([expect.objectContaining({ type: 'text', text: 'alice (a11ce)' })]);
      await client.close();
    } finally {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await front.close();
    }
  },
);

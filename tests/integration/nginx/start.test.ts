import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'nginx-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the entry point of nginx's container with an nginx that ends at once. */
function start(env: Record<string, string>) {
  writeFileSync(join(folder, 'nginx'), '#!/bin/sh\n', { mode: 0o755 });
  const PATH = `${folder}:${process.env.PATH}`;
  const all = { PATH, CONF_DIR: join(folder, 'conf'), OWN_TLS_DIR: folder, ...env };
  const { status, stdout, stderr } = spawnSync('sh', ['nginx/start'], { env: all, encoding: 'utf8', timeout: 60_000 });
  return { status, said: stdout + stderr };
}

test.each([
  ['http://localhost:8080', '8080', ''],
  ['http://localhost', '80', ''],
  ['http://127.0.0.1:8080/', '8080', ''],
  ['http://gateway.example', '8080', ''],
  ['http://localhost:8080', '9090', 'lead to port 8080'],
  ['http://localhost', '9090', 'lead to port 80,'],
  ['https://gateway.example', '8080', 'a proxy in front must provide https'],
])('With REGISTRY_URL %s and HTTP_PORT %s it starts and says %j', (REGISTRY_URL, HTTP_PORT, expected) => {
  const { status, said } = start({ REGISTRY_URL, HTTP_PORT });
  expect(status).toBe(0);
  expect(/REGISTRY_URL is .*/.exec(said)?.[0] ?? '').toContain(expected);
  if (expected === '') expect(said).not.toContain('REGISTRY_URL is');
});

test.each([
  [{ REGISTRY_URL: 'http://localhost:8080', TLS: 'on' }, 'use https'],
  [{ REGISTRY_URL: 'https://gateway.example', TLS: 'yes' }, 'TLS must be off, on or self-signed, not yes'],
  [{ INNER_HOST: 'gate-for-brokers.invalid' }, 'INNER_HOST is gate-for-brokers.invalid, which has no address'],
  [{ COGNITO_USER_POOL_ID: 'us-east-1_LocalPool', PUBLISH_ADDRESS: '0.0.0.0' }, 'whose passwords are public'],
])('With %j it does not start, and says why', (env, why) => {
  const { status, said } = start(env);
  expect([status, said]).toEqual([2, expect.stringContaining(why)]);
});

test.each([
  ['calls.log', true],
  ['nowhere/calls.log', false],
])('With CALLS_FILE at %s it starts, and writes the file: %s', (name, isWritten) => {
  const { status, said } = start({ CALLS_FILE: join(folder, name) });
  expect([status, said.includes('times and statuses of calls are not measured')]).toEqual([0, !isWritten]);
  const conf = readFileSync(join(folder, 'conf', 'gateway.conf'), 'utf8');
  expect(conf.includes(`access_log "${join(folder, name)}" call `)).toBe(isWritten);
});

test('With INNER_HOST only the address of that name is open to brokers', () => {
  expect(start({ INNER_HOST: 'localhost' }).status).toBe(0);
  expect(readFileSync(join(folder, 'conf', 'gateway.conf'), 'utf8')).toContain('listen 127.0.0.1:8082;');
});

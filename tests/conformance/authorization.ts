import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { answerClient } from '../support/gateway/consent.ts';
import { freePorts } from '../support/gateway/gateway.ts';
import { type Checks, readChecks } from './suite.ts';

/** The suite waits for the callback of a login without end, also where another process has taken its port. */
const longestRun = 120_000;

/**
 * Runs the suite's scenarios for authorization servers against the gateway: its metadata, and the authorization code grant
 * of a client that has registered, with a person who signs in and allows it. Its command `conformance` must be on PATH.
 */
export async function runAuthorizationSuite(gateway: string): Promise<Checks> {
  const results = mkdtempSync(join(tmpdir(), 'conformance-'));
  try {
    const [port = 0] = await freePorts(1);
    const client = await register(gateway, `http://127.0.0.1:${port}/callback`);
    const about = ['--url', gateway, '--client-id', client, '--resource', `${gateway}/reference/mcp`];
    const suite = spawn('conformance', ['authorization', ...about, '-p', String(port), '-o', results], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: longestRun,
    });
    const ended = once(suite, 'close');
    try {
      for await (const line of createInterface(suite.stdout)) {
        if (!line.startsWith(`${gateway}/oauth2/authorize?`)) continue;
        await fetch(await answerClient(gateway, line, 'alice'));
      }
      await ended;
    } finally {
      suite.kill();
    }
    const checks = readChecks(results);
    if (checks.size === 0) throw new Error('The conformance suite has run no check of the authorization server.');
    return checks;
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

async function register(gateway: string, redirectUri: string): Promise<string> {
  const body = JSON.stringify({ client_name: 'The conformance suite', redirect_uris: [redirectUri] });
  const answer = await fetch(`${gateway}/oauth2/register`, { method: 'POST', body });
  return ((await answer.json()) as { client_id: string }).client_id;
}

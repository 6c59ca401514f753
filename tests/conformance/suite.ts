import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A check by its scenario and name, with a number where a name occurs again, and its status: `SUCCESS`, `FAILURE` … */
export type Checks = Map<string, { status: string; why: string }>;

interface Check {
  id: string;
  name: string;
  status: string;
  errorMessage?: string;
}

const longestRun = 600_000;

/** Scenarios of extensions that the reference server has. They belong to no protocol version, and run with each. */
const ofExtensions = ['sep-2640-skills-enumeration', 'sep-2640-skills-directory', 'sep-2640-skills-manifest'];

/**
 * Runs all server scenarios of the official suite that apply to a protocol version. Its command `conformance` must be on PATH.
 * @param url of the MCP endpoint. It must be on localhost
 */
export async function runSuite(url: string, version: string): Promise<Checks> {
  const results = mkdtempSync(join(tmpdir(), 'conformance-'));
  const run = (...which: string[]) =>
    promisify(execFile)('conformance', ['server', '--url', url, '--spec-version', version, '-o', results, ...which], {
      timeout: longestRun,
      maxBuffer: 1e8,
    }).catch((error: unknown) => {
      // It exits with 1 where a check failed, which also happens without the gateway.
      failed = error;
    });
  let failed: unknown;
  try {
    await run('--suite', 'all');
    for (const scenario of ofExtensions) await run('--scenario', scenario, '--force');
    const checks = readChecks(results);
    if (checks.size === 0) throw new Error('The conformance suite has run no check.', { cause: failed });
    return checks;
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

/** Each scenario has a folder: `server-<scenario>-<time>`, or `authorization-server-…`. */
export function readChecks(results: string): Checks {
  const checks: Checks = new Map();
  for (const folder of readdirSync(results).sort()) {
    const scenario = folder.replace(/^(?:authorization-)?server-(.*?)-\d{4}-\d\d-\d\dT.*$/, '$1');
    for (const check of JSON.parse(readFileSync(join(results, folder, 'checks.json'), 'utf8')) as Check[]) {
      const name = `${scenario}: ${check.id} ${check.name}`;
      let key = name;
      for (let number = 2; checks.has(key); number++) key = `${name} (${number})`;
      checks.set(key, { status: check.status, why: check.errorMessage ?? '' });
    }
  }
  return checks;
}

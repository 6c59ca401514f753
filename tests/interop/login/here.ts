import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../../../auth-server/store/store.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { environment } from '../install.ts';
import { adminRules, offerAll, rules, startMember } from './one-entry.ts';

/** The server that the clients log in to, a tool that the person may call, and one that they may not. */
export const target = {
  server: 'currenttime',
  allowed: { name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } },
  refused: { name: 'list_timezones', arguments: {} },
} as const;

const policy = {
  group_mappings: { 'mcp-registry-user': ['some'], 'mcp-registry-admin': ['admin'] },
  'UI-Scopes': { admin: adminRules },
  some: rules,
};

/** A home of its own for one client, with a browser in which bob logs in and presses Allow. */
export interface Home {
  folder: string;
  env: NodeJS.ProcessEnv;
  /** From now on, the browser opens nothing. */
  closeBrowser(): void;
  /** What the browser saw. */
  browserLog(): string;
  remove(): void;
}

export type LoginGate = Awaited<ReturnType<typeof startLoginGate>>;

/** Starts a gateway whose clock can be moved, and whose logins can be ended. */
export async function startLoginGate() {
  const folder = mkdtempSync(join(tmpdir(), 'logins-'));
  const SCOPES_FILE = join(folder, 'scopes.yml');
  const CLOCK_FILE = join(folder, 'clock');
  writeFileSync(SCOPES_FILE, JSON.stringify(policy));
  writeFileSync(CLOCK_FILE, '0');
  const NODE_OPTIONS = `--import ${join(import.meta.dirname, 'moved-clock.ts')}`;
  // A gateway without the internet reads no metadata documents, and clients register instead.
  const settings = { SCOPES_FILE, CLOCK_FILE, NODE_OPTIONS };
  const member = await startMember();
  const gateway = await startGateway(settings, [member.entry], { processes: true });
  await offerAll(gateway.url, gateway.sessionCookie);
  const store = await openStore(gateway.dataDir);
  let ahead = 0;
  return {
    origin: gateway.url,
    url: `${gateway.url}/${target.server}/mcp`,
    log: gateway.log,
    clockFile: CLOCK_FILE,
    /** Moves the clocks of all services forward, and returns when they have seen it. */
    async advance(seconds: number): Promise<void> {
      ahead += seconds;
      writeFileSync(CLOCK_FILE, String(ahead));
      await sleep(500);
    },
    /** Ends the logins of all clients. @returns how many there were */
    async endLogins(): Promise<number> {
      const clients = (await store.sessions.list()).filter(({ kind }) => kind === 'client');
      for (const { sid } of clients) await store.sessions.end({ sid });
      return clients.length;
    },
    async stop(): Promise<void> {
      await store.close();
      await gateway.stop();
      await member.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Makes an empty home for one client. @param CLOCK_FILE the gateway's clock, for clients of our own */
export function newHome(CLOCK_FILE: string): Home {
  const folder = mkdtempSync(join(tmpdir(), 'client-home-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const node = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.bin', 'node');
  // As a real browser, it does not keep the client waiting.
  const script = `#!/bin/sh\n'${node}' '${join(import.meta.dirname, 'browser.ts')}' "$1" > '${folder}/browser' 2>&1 &\n`;
  for (const name of ['xdg-open', 'browser']) writeFileSync(join(bin, name), script, { mode: 0o755 });
  const log = join(folder, 'log');
  return {
    folder,
    env: {
      ...environment,
      HOME: folder,
      CLOCK_FILE,
      ...{ XDG_CONFIG_HOME: join(folder, '.config'), XDG_DATA_HOME: join(folder, '.local', 'share') },
      ...{ XDG_CACHE_HOME: join(folder, '.cache'), XDG_STATE_HOME: join(folder, '.local', 'state') },
      PATH: `${bin}:${environment.PATH}`,
      BROWSER: join(bin, 'browser'),
      ...{ BROWSER_FOLDER: folder, BROWSER_PERSON: 'bob', BROWSER_PASSWORD: 'Passw0rd!' },
      NO_COLOR: '1',
      // The Inspector asks these, where there is no terminal and no keychain.
      ...{ MCP_AUTO_OPEN_ENABLED: 'true', MCP_INSPECTOR_SECRET_STORE: 'file' },
    },
    closeBrowser: () => writeFileSync(join(folder, 'closed'), ''),
    browserLog: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

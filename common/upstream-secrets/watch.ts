import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Logger } from '../service/log.ts';
import { ConfigError } from '../text/config-error.ts';
import { interval } from '../time/interval.ts';
import { type Credential, toCredential } from './credential.ts';
import { parseSecrets, type SecretEntry, SecretsFileError } from './secrets-file.ts';

/** Where a secret is to be sent. */
export interface Destination {
  /** The server's name at the gateway. */
  server: string;
  /** Its upstream's origin, such as `https://mcp.example.com`. */
  origin: string;
}

/** The credentials that upstreams get from the gateway. */
export interface UpstreamSecrets {
  /** The secret `name` as a header, if there is one that may be sent there. */
  find(name: string, to: Destination): Credential | undefined;
  /** Faults of the file as it stands now; empty when it is in force. */
  faults(): readonly string[];
  onChange(listener: () => void): void;
  stop(): void;
}

/** What to watch. */
export interface SecretsOptions {
  /** The file; without one there are no secrets. */
  path: string | undefined;
  /** Environment variables, for secrets that name one. */
  env: NodeJS.ProcessEnv;
  log: Logger;
  intervalMilliseconds?: number;
}

type Kept = SecretEntry & { credential: Credential };

/** What a file and the files it names came to. */
interface Loaded {
  secrets: ReadonlyMap<string, Kept>;
  /** Tells one state from another, without keeping it in readable form. */
  digest: string;
  warnings: readonly string[];
}

const nothing: Loaded = { secrets: new Map(), digest: '', warnings: [] };

/** No secrets at all. */
export const noSecrets: UpstreamSecrets = {
  find: () => undefined,
  faults: () => [],
  onChange: () => undefined,
  stop: () => undefined,
};

/**
 * Reads the secrets for upstreams, and reads them again within half a second of each change of the file or of a file that
 * it names. A broken state never replaces a good one: the last good secrets stay in force, and the log and `faults()` say
 * so. Nothing of a secret is ever logged.
 * @throws {ConfigError} if the file cannot be used at the start
 */
export async function watchUpstreamSecrets(options: SecretsOptions): Promise<UpstreamSecrets> {
  const { path, log, intervalMilliseconds = 500 } = options;
  if (path === undefined) return noSecrets;
  let inForce: Loaded = nothing;
  let faults: readonly string[] = [];
  const listeners: (() => void)[] = [];
  const take = (loaded: Loaded) => {
    for (const warning of loaded.warnings) if (!inForce.warnings.includes(warning)) log.warn({ path }, warning);
    inForce = loaded;
  };
  take(
    await load(path, options.env).catch((error: unknown) => {
      throw new ConfigError(faultsOf(error).map((fault) => `UPSTREAM_SECRETS_FILE ${path}: ${fault}`));
    }),
  );
  let stopped = false;
  const reread = async () => {
    try {
      const loaded = await load(path, options.env);
      if (stopped) return;
      const changed = loaded.digest !== inForce.digest;
      const mended = faults.length > 0;
      take(loaded);
      faults = [];
      if (!changed && !mended) return;
      log.info({ path, names: [...loaded.secrets.keys()] }, 'upstream secrets read again');
      for (const listener of listeners) listener();
    } catch (error) {
      if (stopped) return;
      const before = faults.join();
      faults = faultsOf(error);
      if (faults.join() !== before)
        log.error({ path, faults }, 'the changed upstream secrets cannot be used; the last good ones stay in force');
    }
  };
  // Read rather than watched: a file named in an entry, or one that a ConfigMap replaces, may change without a sign.
  const timer = interval(intervalMilliseconds, reread, (err) => log.error({ err }, 'upstream secrets not looked at'));
  return {
    find(name, { server, origin }) {
      const kept = inForce.secrets.get(name);
      if (!kept?.for.includes(origin)) return undefined;
      return kept.servers?.includes(server) === false ? undefined : kept.credential;
    },
    faults: () => faults,
    onChange: (listener) => void listeners.push(listener),
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

function faultsOf(error: unknown): readonly string[] {
  if (error instanceof SecretsFileError) return error.faults;
  return [`cannot be read (${codeOf(error)})`];
}

function codeOf(error: unknown): string {
  return Error.isError(error) && 'code' in error ? String(error.code) : 'unknown reason';
}

async function load(path: string, env: NodeJS.ProcessEnv): Promise<Loaded> {
  const entries = parseSecrets(await readFile(path, 'utf8'));
  const read = await Promise.all(entries.map((entry) => resolveEntry(entry, dirname(path), env)));
  const faults = read.flatMap((each) => (typeof each === 'string' ? [each] : []));
  if (faults.length > 0) throw new SecretsFileError(faults);
  const kept = read.filter((each) => typeof each !== 'string');
  return {
    secrets: new Map(kept.map((each) => [each.name, each])),
    digest: createHash('sha256').update(JSON.stringify(kept)).digest('hex'),
    warnings: await warningsOn(path, entries),
  };
}

/** @returns the entry with its credential, or its fault */
async function resolveEntry(entry: SecretEntry, folder: string, env: NodeJS.ProcessEnv): Promise<Kept | string> {
  const { name, source } = entry;
  const [field, text] = await textOf(source, folder, env).catch((error: unknown) => [
    'file',
    new Error(`cannot be read (${codeOf(error)})`),
  ]);
  if (text === undefined) return `${name}.env: there is no such environment variable`;
  const credential = text instanceof Error ? text.message : toCredential(entry, text);
  return typeof credential === 'string' ? `${name}.${field}: ${credential}` : { ...entry, credential };
}

async function textOf(
  source: SecretEntry['source'],
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<[field: string, text: string | Error | undefined]> {
  if ('value' in source) return ['value', source.value];
  if ('env' in source) return ['env', env[source.env]?.trim()];
  // Editors and `echo` end a file with a line break that belongs to no secret.
  return ['file', (await readFile(resolve(folder, source.file), 'utf8')).replace(/\r?\n$/, '')];
}

/** What keeps nobody from using the secrets, and should be mended all the same. */
async function warningsOn(path: string, entries: readonly SecretEntry[]): Promise<string[]> {
  const files = [path, ...entries.flatMap(({ source }) => ('file' in source ? [source.file] : []))];
  const readable = await Promise.all(
    files.map(async (file) => {
      const { mode } = await stat(resolve(dirname(path), file));
      return mode & 0o007 ? [`${file} can be read by everybody on this machine: chmod 600`] : [];
    }),
  );
  const plain = entries.flatMap(({ name, for: origins }) =>
    origins
      .filter((origin) => origin.startsWith('http:') && !/^http:\/\/(localhost|127\.0\.0\.1)(:|$)/.test(origin))
      .map((origin) => `the secret "${name}" goes to ${origin} unencrypted: anybody on the way can read it`),
  );
  return [...readable.flat(), ...plain];
}

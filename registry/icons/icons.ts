import { createHash } from 'node:crypto';
import type { Logger } from '../../common/service/log.ts';
import type { Upstream } from '../routing/upstreams.ts';
import type { ServerEntry } from '../servers/server.ts';
import { fetchIcon, type IconOrigin } from './fetch-icon.ts';
import { type PictureType, pictureType } from './picture.ts';

/** A picture that a server has supplied. */
export interface Picture {
  /** SHA-256 of the bytes, in hexadecimal. */
  hash: string;
  type: PictureType;
  bytes: Buffer;
}

export interface IconsOptions {
  servers: () => readonly (ServerEntry & { enabled?: boolean })[];
  /** The icon that a server has announced, see `iconSource`. */
  sourceOf: (server: string) => string | null | undefined;
  upstreamOf: (server: string) => Upstream | undefined;
  /** CA certificates in PEM that verify servers; undefined for the system's. */
  ca?: string | undefined;
  /** A server is asked at most once in this time: the interval of the checks. */
  intervalMs: number;
  log: Logger;
}

export type Icons = ReturnType<typeof createIcons>;

/** What is known about the icon of one server. */
interface State {
  /** The origin of the server. */
  origin: string;
  /** The source of the last try. */
  source: string | undefined;
  /** Of `source`. */
  picture: Picture | undefined;
  /** Failed tries of `source` in a row. */
  failures: number;
  /** `performance.now()` of the last try. */
  triedAt: number;
  isRunning: boolean;
}

/** A server whose icon is fetched now. */
interface Turn {
  name: string;
  from: IconOrigin;
  state: State;
  source: string;
}

const tickMilliseconds = 1_000;
/** How long a server may take to send its icon. */
const answerMilliseconds = 5_000;
const fetchesAtOnce = 4;
/** A picture that did not come is asked for less and less often, one that came once a day. */
const longestWait = 3_600_000;
const freshMilliseconds = 86_400_000;
/** All pictures together, in bytes: some thousand of usual size. What finds no room is tried again later. */
const mostBytes = 16 * 1024 * 1024;

/**
 * Fetches the icons of all enabled servers in the background, and keeps them in memory. Each registry has its own; after a
 * restart they are fetched again. A server whose icon cannot be used has none.
 */
export function createIcons(options: IconsOptions) {
  const { servers, sourceOf, intervalMs, log } = options;
  const states = new Map<string, State>();
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  /** The picture of a server, unless the server has named another one since. */
  const pictureOf = (name: string): Picture | undefined => {
    const state = states.get(name);
    return state?.picture && state.source === sourceOf(name) ? state.picture : undefined;
  };

  /** What can be asked for now, the longest waiting first: slow servers must not keep the others back. */
  const turns = (): Turn[] => {
    const now = performance.now();
    const due = servers().flatMap((server): Turn[] => {
      const { name, enabled } = server;
      const source = enabled === false ? undefined : sourceOf(name);
      const from = source && originOf(server, options);
      if (!from) return [];
      const state = stateFor(states, name, from.origin);
      return !state.isRunning && now - state.triedAt >= waitOf(state, source, intervalMs)
        ? [{ name, from, state, source }]
        : [];
    });
    return due.sort((a, b) => a.state.triedAt - b.state.triedAt);
  };

  const run = async ({ name, from, state, source }: Turn): Promise<void> => {
    if (state.source !== source) Object.assign(state, { source, picture: undefined, failures: 0 });
    Object.assign(state, { isRunning: true, triedAt: performance.now() });
    try {
      const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(answerMilliseconds)]);
      const picture = pictureFrom(await fetchIcon(source, from, signal));
      const others = bytesOf(states) - (state.picture?.bytes.length ?? 0);
      if (others + picture.bytes.length > mostBytes) throw new RangeError('the icons take as much memory as they may');
      state.picture = picture;
    } catch (error) {
      if (ended.signal.aborted) return;
      state.failures += 1;
      log.debug({ server: name, reason: String(error) }, 'the icon of a server cannot be used');
    } finally {
      state.isRunning = false;
    }
  };

  const tick = (): void => {
    const names = new Set(servers().map(({ name }) => name));
    for (const name of states.keys()) if (!names.has(name)) states.delete(name);
    const running = [...states.values()].filter(({ isRunning }) => isRunning).length;
    for (const turn of turns().slice(0, Math.max(0, fetchesAtOnce - running))) void run(turn);
  };

  return {
    /** The hash of a server's icon, for its address; undefined if this registry has none. */
    of: (server: string): string | undefined => pictureOf(server)?.hash,
    /** The picture with this hash, and the servers whose icon it is; undefined if this registry does not have it. */
    find(hash: string): { picture: Picture; servers: string[] } | undefined {
      const named = [...states.keys()].filter((name) => pictureOf(name)?.hash === hash);
      const picture = named[0] === undefined ? undefined : pictureOf(named[0]);
      return picture && { picture, servers: named };
    },
    start(): void {
      timer ??= setInterval(tick, Math.min(tickMilliseconds, intervalMs)).unref();
      tick();
    },
    stop(): void {
      clearInterval(timer);
      ended.abort();
    },
  };
}

/** Where a server's icon may come from; undefined if its address has not been looked up yet, or may not be reached. */
function originOf({ name, upstream, host_header }: ServerEntry, options: IconsOptions): IconOrigin | undefined {
  const { addresses, origin = upstream } = options.upstreamOf(name) ?? { addresses: [] };
  if (addresses.length === 0 || origin !== upstream) return undefined;
  return { origin, addresses, host: host_header ?? undefined, ca: options.ca };
}

/** A server that has moved begins without a picture. */
function stateFor(states: Map<string, State>, name: string, origin: string): State {
  const known = states.get(name);
  if (known?.origin === origin) return known;
  const triedAt = known?.triedAt ?? Number.NEGATIVE_INFINITY;
  const state = { origin, source: undefined, picture: undefined, failures: 0, triedAt, isRunning: false };
  states.set(name, state);
  return state;
}

function pictureFrom(bytes: Buffer): Picture {
  const type = pictureType(bytes);
  if (!type) throw new TypeError('it is no still PNG, JPEG or WebP of at most 1,024 pixels a side');
  return { hash: createHash('sha256').update(bytes).digest('hex'), type, bytes };
}

function bytesOf(states: ReadonlyMap<string, State>): number {
  return [...states.values()].reduce((sum, { picture }) => sum + (picture?.bytes.length ?? 0), 0);
}

/** How long to wait after the last try. */
function waitOf({ source: last, picture, failures }: State, source: string, intervalMs: number): number {
  if (last !== source) return intervalMs;
  return picture ? freshMilliseconds : Math.min(longestWait, intervalMs * 2 ** failures);
}

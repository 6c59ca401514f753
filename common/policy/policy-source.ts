import type { RequestListener } from 'node:http';
import { compilePolicy } from '../../policy/policy.ts';
import { policySource } from '../doors/versions.ts';
import { readBounded } from '../network/read-bounded.ts';
import type { Logger } from '../service/log.ts';
import { version } from '../settings/version.ts';
import { interval } from '../time/interval.ts';
import { keepPolicy, type PolicyWatch } from './policy-in-force.ts';
import { watchPolicy } from './policy-watch.ts';

/** The policy of a service that may have to wait for it. */
export interface AwaitedPolicy extends PolicyWatch {
  /** False until the auth-server has given the first policy. Until then `current()` allows nothing. */
  isThere(): boolean;
}

/** Where a service takes its policy from. */
export interface PolicyPlace {
  /** Whether the auth-server keeps it (`POLICY_EDITABLE`). */
  editable: boolean;
  /** The policy file, if it does not. */
  path: string;
  authServerUrl: string;
}

const usualMilliseconds = 300;
const waitMilliseconds = 2_000;
/** JSON of a million characters, of which one may need six bytes. */
const mostBytes = 6 * 2 ** 20;
/** An older version than that in force is a restored one if all auth-servers give it for this long. */
const restoredMilliseconds = 5_000;

/**
 * The policy for the registry or the relay: the file, or what the auth-server gives.
 * @throws {ConfigError} as {@link watchPolicy} does, if it is a file
 */
export function openPolicy({ editable, path, authServerUrl }: PolicyPlace, log: Logger): AwaitedPolicy {
  if (editable) return followPolicy(authServerUrl, log);
  return { ...watchPolicy(path, log), isThere: () => true };
}

/**
 * Takes the policy from the auth-server, and each newer version within half a second. While the auth-server does not answer, the
 * last good policy stays in force. Before the first, nothing is allowed.
 * @param authServerUrl origin of the auth-server, behind which there may be several
 */
export function followPolicy(
  authServerUrl: string,
  log: Logger,
  intervalMilliseconds = usualMilliseconds,
): AwaitedPolicy {
  const url = new URL('/policy/source', authServerUrl);
  const listeners: (() => void)[] = [];
  let kept: ReturnType<typeof keepPolicy> | undefined;
  let number = 0;
  let tag: string | undefined;
  let olderSince: number | undefined;
  const origin = {
    about: () => ({ number }),
    taken: 'another version of the policy is in force',
    refused: 'the newest version of the policy cannot be used here; the last good one stays in force',
    faultsOf: (error: unknown) => [
      `version ${number} of the policy: ${error instanceof Error ? error.message : error}`,
    ],
  };
  const begin = (text: string) => {
    kept = keepPolicy(text, origin, log);
    kept.onChange(tell);
    log.info({ number, policy: kept.version() }, 'the policy of the auth-server is in force');
    tell();
  };
  const tell = () => {
    for (const listener of listeners) listener();
  };
  /** Several auth-servers may differ for a moment: what was taken away does not come back in it. */
  const isOlder = (found: number) => {
    if (found >= number) {
      olderSince = undefined;
      return false;
    }
    olderSince ??= performance.now();
    return performance.now() - olderSince < restoredMilliseconds;
  };
  const look = async () => {
    const headers: Record<string, string> = tag === undefined ? {} : { 'If-None-Match': tag };
    const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(waitMilliseconds) });
    if (answer.status === 304) {
      olderSince = undefined;
      return;
    }
    const body = await readBounded(answer, mostBytes);
    if (!answer.ok) throw new Error(reasonIn(answer.status));
    const found = policySource.parse(JSON.parse(String(body)));
    if (isOlder(found.number)) return;
    ({ number } = found);
    tag = answer.headers.get('etag') ?? undefined;
    if (kept) await kept.take(found.text);
    else begin(found.text);
  };
  const failed = (err: unknown) => {
    const then = kept ? 'the last version stays in force' : 'nothing is allowed until it does';
    log.error({ err, url: url.href }, `the auth-server does not give the policy; ${then}`);
  };
  log.info({ url: url.href }, 'waits for the policy, which the auth-server keeps');
  const timer = interval(intervalMilliseconds, look, failed, { atOnce: true });
  return {
    current: () => kept?.current() ?? nothing,
    version: () => kept?.version() ?? 'none',
    text: () => kept?.text() ?? '',
    faults: () => kept?.faults() ?? [],
    history: () => kept?.history() ?? { loadedAt: 0, reloads: 0, failed: 0 },
    onChange: (listener) => void listeners.push(listener),
    stop(): void {
      clearInterval(timer);
      kept?.stop();
    },
    isThere: () => kept !== undefined,
  };
}

/** A policy that allows nothing. */
const nothing = compilePolicy({ groups: new Map(), ui: new Map(), scopes: new Map(), limits: [] });

function reasonIn(status: number): string {
  if (status === 404) return 'the auth-server has no versions: POLICY_EDITABLE has to be the same for all services';
  return `the auth-server answered ${status}`;
}

/** The headers of the answer at `/health` that name the policy in force, and the version of the gateway. */
export const policyHeader = 'policy-version';
export const versionHeader = 'gateway-version';

/**
 * Answers 503 while the policy is not there: a page that shows nothing would look like a decision. Names the policy in force and
 * the version of the gateway in the answers at `/health`.
 */
export function whenThere(
  policy: Pick<AwaitedPolicy, 'isThere' | 'version'>,
  listener: RequestListener,
): RequestListener {
  return (req, res) => {
    if (req.url === '/health') res.setHeader(policyHeader, policy.version()).setHeader(versionHeader, version);
    if (policy.isThere()) return listener(req, res);
    const message = 'The policy is not there yet: the auth-server gives it. Try again in a moment.';
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', 'retry-after': '1' };
    res.writeHead(503, headers).end(JSON.stringify({ error: { code: 'policy_unavailable', message } }));
  };
}

import { hash } from 'node:crypto';
import { writeEvent } from '../../common/answers/event-stream.ts';
import type { MessageId } from '../../common/answers/message.ts';
import { decide } from '../../policy/decide.ts';
import type { Viewer } from '../../policy/listing.ts';
import { lasting, type Policy } from '../../policy/policy.ts';
import type { Caller } from './caller.ts';

/** The kinds of `notifications/<kind>/list_changed`, and the methods whose results they announce as changed. */
const kinds = {
  tools: ['tools/list'],
  prompts: ['prompts/list'],
  resources: ['resources/list', 'resources/templates/list'],
} as const;
export type ListKind = keyof typeof kinds;
export const allKinds = Object.keys(kinds) as ListKind[];

/** Which changes of lists a stream announces. */
export interface ListChannel {
  kinds: readonly ListKind[];
  /** The id of the `subscriptions/listen` request; undefined on the stream of a session. */
  subscription: MessageId | undefined;
  /** Whether a message may come now: not before the server's first where the transport says what that one is. */
  isOpen: () => boolean;
}

/** What a caller's lists depend on. By object identity it is known that nothing has changed. */
interface Basis {
  policy: Policy;
  approved: ReadonlySet<string> | undefined;
  readOnly: ReadonlySet<string> | undefined;
  digest: string;
}

/** A client asks for the list after each announcement. */
const leastMilliseconds = 1_000;

/**
 * Knows for one stream when the lists of its caller have changed because of the gateway: by the policy or an approval. The
 * server announces its own changes.
 * @param viewer the rights in force
 */
export function createListChanges(caller: Caller, channel: ListChannel, viewer: (caller: Caller) => Viewer) {
  let announced = basisOf(viewer(caller));
  let announcedAt = Number.NEGATIVE_INFINITY;
  /** @returns the events to write at `now` (in milliseconds), at most once a second; empty if nothing has changed */
  return (now: number): Buffer => {
    const current = viewer(caller);
    const basis = basisOf(current, announced);
    if (basis.digest === announced.digest) {
      announced = basis;
      return nothing;
    }
    if (!channel.isOpen() || now - announcedAt < leastMilliseconds) return nothing;
    announced = basis;
    announcedAt = now;
    return Buffer.concat(channel.kinds.filter((kind) => mayList(current, kind)).map((kind) => eventOf(kind, channel)));
  };
}

const nothing = Buffer.alloc(0);

function basisOf({ policy, scopes, server, tools }: Viewer, before?: Basis): Basis {
  const approved = tools?.approved?.get(server);
  const readOnly = tools?.readOnly.get(server);
  if (before?.policy === policy && before.approved === approved && before.readOnly === readOnly) return before;
  const names = [approved, readOnly].map((each) => (each ? namesDigest(each) : ''));
  return { policy, approved, readOnly, digest: [rulesDigest(policy, scopes), ...names].join(' ') };
}

/** Thousands of streams may ask at once, and few scopes make up what they ask about. */
const digests = new WeakMap<object, Map<string, string>>();

function remembered(of: object, key: string, digest: () => string): string {
  const known = digests.get(of) ?? new Map<string, string>();
  digests.set(of, known);
  const found = known.get(key) ?? digest();
  known.set(key, found);
  return found;
}

function rulesDigest(policy: Policy, scopes: readonly string[]): string {
  const rulesOf = (scope: string) => lasting(policy.source.scopes.get(scope) ?? [], policy.at);
  const rules = () => JSON.stringify(scopes.map(rulesOf));
  return remembered(policy, scopes.join('\n'), () => hash('sha256', rules()));
}

function namesDigest(names: ReadonlySet<string>): string {
  return remembered(names, '', () => hash('sha256', JSON.stringify([...names].sort())));
}

function mayList({ policy, scopes, server }: Viewer, kind: ListKind): boolean {
  return kinds[kind].some((method) => decide(policy, scopes, server, [{ method }]).allowed);
}

/** MCP 2025-11-25, "List Changed Notification"; 2026-07-28 names the subscription. */
function eventOf(kind: ListKind, { subscription }: ListChannel): Buffer {
  const of = subscription && `,"params":{"_meta":{"io.modelcontextprotocol/subscriptionId":${subscription.text}}}`;
  const message = `{"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"${of ?? ''}}`;
  return writeEvent({ name: 'message', id: undefined, retry: undefined, data: Buffer.from(message) });
}

/** The kinds that a `subscriptions/listen` request asks for. @param body of the request, which the gate has read */
export function kindsListenedTo(body: Buffer): ListKind[] {
  const { params } = JSON.parse(body.toString('utf8')) as { params?: { notifications?: Record<string, unknown> } };
  return allKinds.filter((kind) => params?.notifications?.[`${kind}ListChanged`] === true);
}

import { asLine } from '../../../common/answers/line.ts';
import { membersOf, type ServerMessage, type Span, stringAt } from '../../../common/answers/message.ts';
import { type Change, replaced } from '../../../common/answers/rewrite.ts';
import { cleanText } from '../../../common/text/clean.ts';
import { Credit } from '../../../common/time/credit.ts';
import { judgedKeys } from '../../../policy/request/request-hygiene.ts';
import type { Exchange, Member } from '../exchange.ts';
import { limits } from '../limits.ts';
import { taskIdsChanged } from './task-ids.ts';

const judged = judgedKeys('logger', 'level', 'progressToken', 'taskId', 'inputRequests', '_meta');

/** What becomes of the notifications of one call: bounded, and only those that belong to it. */
export class Notices {
  readonly #credit = new Credit(limits.notices, () => limits.notices / 1_000);
  #leftOut = 0;

  /**
   * @param token the call's own progress token, as JSON; undefined for none
   * @returns the notification for the client; undefined if it is not passed on
   */
  pass({ server }: Member, message: ServerMessage, token: string | undefined): Buffer | undefined {
    const { bytes, parts } = message;
    const method = stringAt(bytes, parts.get('method')) ?? '';
    const params = parts.get('params');
    if (!passes(method) || bytes.length > limits.ofMember.usual) return undefined;
    const members =
      params && bytes[params.from] === openObject ? membersOf(bytes, params, judged) : new Map<string, Span>();
    // Two readers would find two loggers.
    if (!members) return undefined;
    // What a task asks its client for comes with `tasks/get`, where it is judged.
    if (method.startsWith('notifications/tasks') && members.has('inputRequests')) return undefined;
    if (method === 'notifications/progress') {
      const own = members.get('progressToken');
      if (!own || bytes.toString('utf8', own.from, own.to) !== token) return undefined;
    }
    if (!this.#mayPass()) return undefined;
    const changes = taskIdsChanged(server, undefined, message);
    if (method === 'notifications/message' && params) changes.push(loggerChanged(server, bytes, params, members));
    return asLine(replaced(bytes, changes));
  }

  #mayPass(): boolean {
    if (this.#credit.take(1)) return true;
    this.#leftOut = (this.#leftOut + 1) % every;
    return this.#leftOut === 0;
  }
}

/** The token of a request for its progress, as JSON; undefined for none. */
export function tokenOf({ message }: Pick<Exchange, 'message'>): string | undefined {
  const meta = message.params?._meta as { progressToken?: unknown } | undefined;
  return meta?.progressToken === undefined ? undefined : JSON.stringify(meta.progressToken);
}

/** When there are too many, one of so many passes. */
const every = 10;
const openObject = 0x7b;

/**
 * Changes of lists come from the registry, which checks the lists. Updates of resources come on streams of their own.
 */
function passes(method: string): boolean {
  return (
    method.startsWith('notifications/') &&
    !/\/list_changed$|^notifications\/(?:resources\/|cancelled$|initialized$)/.test(method)
  );
}

/** The client sees whose message it is. */
function loggerChanged(server: string, bytes: Buffer, params: Span, members: ReadonlyMap<string, Span>): Change {
  const logger = members.get('logger');
  const name = stringAt(bytes, logger);
  const json = JSON.stringify(name === undefined ? server : `${server}/${cleanText(name)}`);
  if (logger) return { ...logger, json };
  const inside = params.from + 1;
  return { from: inside, to: inside, json: `"logger":${json}${members.size === 0 ? '' : ','}` };
}

import { hash } from 'node:crypto';
import { shown } from '../../common/text/shown.ts';
import type { RecordKeeper } from '../audit/record.ts';
import { knownCaller } from './caller.ts';
import { type DecisionEntry, firstObject, type WrittenDecision } from './decision-log.ts';

/** Records decisions for the audit. */
export interface DecisionRecorder {
  /** Adds a decision that was just logged. No I/O. Allowed page views of the registry are not recorded. */
  add(written: WrittenDecision, entry: DecisionEntry): void;
}

interface RecordedTools {
  /** The hash of the definition that was last approved, if it is known. */
  find(server: string, tool: string): string | undefined;
}

/** The longest object in characters that a record holds whole. */
const longestObject = 2_000;

/**
 * Turns decisions into records: the line of the log, and what a replay of the decision needs. It runs for each request, so it
 * serializes nothing twice.
 */
export function createDecisionRecorder(audit: RecordKeeper, definitions: RecordedTools): DecisionRecorder {
  const definitionOf = (server: string | undefined, object: Named | undefined) =>
    server !== undefined && object?.kind === 'tool' ? definitions.find(server, object.name) : undefined;
  return {
    add(written, { error, request, principal, asked }) {
      if (!error && isPageView(request)) return;
      const object = asked && firstObject(asked);
      const caller = principal && knownCaller(principal);
      const members = membersOf(written, object?.name) + memberOf('message', written.message);
      const more =
        memberOf('caller', caller?.digest) + memberOf('definition', definitionOf(written.fields.server, object));
      audit.add(`{"at":${Date.now()},${members}${more}}`, caller?.ifNew());
    },
  };
}

type Named = NonNullable<ReturnType<typeof firstObject>>;

function isPageView(request: DecisionEntry['request']): boolean {
  return request?.target.resource === 'registry' && (request.method === 'GET' || request.method === 'HEAD');
}

function memberOf(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
}

/** The line's members, with the whole object. */
function membersOf({ fields, line }: WrittenDecision, whole: string | undefined): string {
  const isWhole = whole === fields.object;
  return (isWhole ? line : JSON.stringify({ ...fields, ...longObject(whole ?? '') })).slice(1, -1);
}

/** An object that the line of the log does not hold as it is. */
function longObject(whole: string): { object: string; object_digest?: string } {
  const object = shown(whole, longestObject);
  return object === whole ? { object } : { object, object_digest: hash('sha256', whole, 'base64url') };
}

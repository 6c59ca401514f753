import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { JWTPayload } from 'jose';
import type { KeptAccounts } from '../accounts/records.ts';
import type { AssertionSigner } from '../identity/assertion.ts';
import { readRegistryAssertion } from '../identity/registry-assertion.ts';
import type { RevocationStore } from '../store/revocation.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { ownSession } from './own-session.ts';
import type { AccountDeps } from './records.ts';

export interface DoorDeps extends AccountDeps {
  publicUrl: string;
  assertions: AssertionSigner;
  revocations: RevocationStore;
  /** People's own accounts at servers; undefined where there are none. */
  connecting?: KeptAccounts | undefined;
}

/** What a door answers instead of what it was asked for. */
export class DoorRefusal extends Error {
  override readonly name = 'DoorRefusal';
  readonly status: number;
  readonly code: string;
  /** More fields of the error. */
  readonly details: object;

  constructor(status: number, code: string, message: string, details: object = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

interface Work {
  /** What it is about, for the log and the refusal. */
  about: 'the access of a person' | 'the access of people' | 'the policy';
  /** Throws {@link DoorRefusal} if these claims of the assertion do not suffice. Asked before the session is read. */
  check?: (claims: JWTPayload) => void;
  /** Makes the answer. Throws {@link DoorRefusal}. */
  work: (own: SessionRecord, req: Request) => Promise<object>;
}

/**
 * Answers the registry for a person: the request has to bring the assertion that was issued for the person and the registry, and
 * the assertion has to name a browser's session with a record.
 */
export function answerDoor(deps: DoorDeps, { about, check, work }: Work): RequestHandler {
  return async (req, res) => {
    res.set('Cache-Control', 'no-store');
    try {
      const claims = await readRegistryAssertion(deps, req.get('x-mcp-assertion'));
      if (!claims) throw new DoorRefusal(401, 'assertion_refused', 'There is no good assertion for the registry.');
      check?.(claims);
      const own = await ownSession(deps, claims);
      if (!own) throw new DoorRefusal(403, 'session_needed', 'This takes a sign-in in a browser that has not ended.');
      res.json(await work(own, req));
    } catch (err) {
      if (!(err instanceof DoorRefusal)) deps.log.error({ err }, `${about} cannot be read or changed`);
      const { status, code, message, details } = err instanceof DoorRefusal ? err : unavailable(about);
      res.status(status).json({ error: { code, message, ...details } });
    }
  };
}

function unavailable(about: Work['about']): DoorRefusal {
  const what = about === 'the policy' ? 'policy' : 'access';
  return new DoorRefusal(503, 'store_unavailable', `The ${what} cannot be read or changed at the moment.`);
}

/** A body that is no JSON or too large is the registry's mistake: no failure of ours. */
export const refuseUnreadable: ErrorRequestHandler = (error, _req, res, next) => {
  const { status } = error as { status?: number };
  if (status === undefined || status >= 500) return next(error);
  res.sendStatus(status);
};

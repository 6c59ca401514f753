import type { Request } from 'express';
import type { Logger } from '../../common/service/log.ts';
import { type BrowserSessionDeps, browserSession } from '../account/browser-session.ts';
import type { AuditEvents } from '../decisions/events.ts';
import type { Metrics } from '../decisions/metrics.ts';
import type { HoldAnswers } from '../holds/answers.ts';
import type { Viewer } from '../holds/held-call.ts';
import type { LoginAttempts } from '../login/login-attempts.ts';
import { LoginFailure } from '../login/login-failure.ts';
import type { Pages } from '../login/pages.ts';
import type { RevocationStore } from '../store/revocation.ts';
import type { SessionRecord } from '../store/session-record.ts';

/** What the pages of approvals stand on. */
export type ApprovalPagesDeps = BrowserSessionDeps & {
  publicUrl: string;
  holdAnswers: HoldAnswers;
  attempts: LoginAttempts;
  revocations: RevocationStore;
  pages: Pages;
  auditEvents: Pick<AuditEvents, 'approval'>;
  metrics: Pick<Metrics, 'approval'>;
  log: Logger;
};

/** The list of what waits for a person. */
export const listPath = '/approvals';

/** The page of a held call. */
export function approvalPath(id: string): string {
  return `${listPath}/${id}`;
}

/** The browser session of the person who looks; undefined without one. @throws {LoginFailure} for a session that gives no power */
export async function looking(deps: ApprovalPagesDeps, req: Request): Promise<SessionRecord | undefined> {
  return await browserSession(deps, req, 'Nothing can be approved here');
}

export function viewerOf({ sub: subject, groups }: SessionRecord): Viewer {
  return { subject, groups };
}

/** The same page for a call of others, one that is long over, and one that never was. */
export function noSuchCall(): LoginFailure {
  const lines = [
    'It is over, was never made, or is not yours to see: only the caller sees it, and those who may approve it.',
    'Calls wait for ten minutes. If yours is over, repeat it in your client.',
  ];
  return Object.assign(new LoginFailure(404, 'No such call waits for you', lines), { again: listPath });
}

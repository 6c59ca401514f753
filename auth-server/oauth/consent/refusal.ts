import type { ErrorRequestHandler } from 'express';
import type { Logger } from '../../../common/service/log.ts';
import type { Pages } from '../../login/pages.ts';

/** A refusal that the person reads in the browser, because nothing can be sent to the client. */
export class RequestRefused extends Error {
  readonly status: 400 | 403 | 429;
  readonly lines: readonly string[];
  constructor(status: RequestRefused['status'], title: string, lines: readonly string[]) {
    super(title);
    this.status = status;
    this.lines = lines;
  }
}

/** A request that is not there for this browser. */
export const requestGone = () =>
  new RequestRefused(400, 'This request is over', [
    'It was answered already, is older than a quarter of an hour, or began in another browser.',
    'Start again in your client.',
  ]);

/** Shows refusals as pages. Everything else goes on. */
export function refusalPages({ pages, log }: { pages: Pages; log: Logger }): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (!(error instanceof RequestRefused)) return next(error);
    log.info({ reason: error.message, status: error.status }, 'a request of a client was refused');
    pages.notice(res, error.status, error.message, error.lines);
  };
}

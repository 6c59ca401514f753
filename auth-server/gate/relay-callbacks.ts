import express, { type ErrorRequestHandler, type Request, Router } from 'express';
import * as z from 'zod';
import type { Ticket } from '../../common/identity/ticket.ts';
import type { Holds } from '../holds/holds.ts';
import type { AssertionSigner } from '../identity/assertion.ts';
import { type BindingStore, longestId } from '../store/binding.ts';
import type { RevocationFeed } from '../store/revocation-feed.ts';
import { type AccountReportDeps, accountReport, takeAccountReport } from './account/report.ts';
import { createTicketReader } from './open-tickets.ts';

export interface RelayCallbacksDeps extends AccountReportDeps {
  assertions: AssertionSigner;
  bindings: BindingStore;
  revocationFeed: RevocationFeed;
  holds: Pick<Holds, 'expectRound'>;
}

/** A server names the ids: more than an owner can have there are not worth a look. The relay refuses longer lists. */
const mostIds = 1_000;
const owned = z.strictObject({
  kind: z.enum(['session', 'task']),
  id: z.string().min(1).max(longestId),
  target: z.string().startsWith('/').max(4096).optional(),
});
const roundReport = z.strictObject({ round: z.string().regex(/^[\w-]{43}$/) });
const taskList = z.strictObject({ ids: z.array(z.string().max(longestId)).max(mostIds) });

/**
 * The routes for the relay: it binds sessions and tasks to their owners, and reads the revocation feed. nginx does not
 * route to them. A call about a binding carries the ticket of the request that it belongs to, and can only concern that
 * ticket's owner and server.
 */
export function relayCallbacks({
  publicUrl,
  accounts,
  assertions,
  bindings,
  revocationFeed,
  holds,
}: RelayCallbacksDeps): Router {
  const router = Router();
  const readTicket = createTicketReader(assertions, publicUrl);
  const ticketOf = async (req: Request): Promise<Ticket | undefined> =>
    await readTicket(/^Bearer (\S+)$/.exec(req.get('authorization') ?? '')?.[1] ?? '');
  router.get('/relay/ended', async (req, res) => {
    const after = z.coerce.number().int().min(0).optional().safeParse(req.query.after);
    const { last, keys: marks } = await revocationFeed.since(after.data);
    res.set('Cache-Control', 'no-store').json({ last, marks });
  });
  router.use('/relay', express.json({ limit: '2mb' }));
  router.post('/relay/bindings', async (req, res) => {
    const ticket = await ticketOf(req);
    const body = owned.safeParse(req.body);
    if (!ticket || !body.success) return void res.sendStatus(ticket ? 400 : 403);
    const { kind, id, target } = body.data;
    const { server, owner, opensPages } = ticket;
    res.sendStatus((await bindings.bind({ kind, server, id, owner, target, opensPages })) ? 204 : 409);
  });
  router.delete('/relay/bindings', async (req, res) => {
    const ticket = await ticketOf(req);
    const body = owned.safeParse(req.body);
    if (!ticket || !body.success) return void res.sendStatus(ticket ? 400 : 403);
    await bindings.unbind({ kind: body.data.kind, id: body.data.id, server: ticket.server, owner: ticket.owner });
    res.sendStatus(204);
  });
  router.post('/relay/tasks', async (req, res) => {
    const ticket = await ticketOf(req);
    const body = taskList.safeParse(req.body);
    if (!ticket || !body.success) return void res.sendStatus(ticket ? 400 : 403);
    res.json({ ids: await bindings.findOwn('task', ticket.server, ticket.owner, body.data.ids) });
  });
  router.post('/relay/accounts', async (req, res) => {
    const ticket = await ticketOf(req);
    const report = accountReport.safeParse(req.body);
    const answer = ticket && report.success && (await takeAccountReport({ accounts, publicUrl }, ticket, report.data));
    if (!answer) return void res.sendStatus(ticket ? 400 : 403);
    res.set('Cache-Control', 'no-store').json({ answer });
  });
  router.post('/relay/rounds', async (req, res) => {
    const ticket = await ticketOf(req);
    const body = roundReport.safeParse(req.body);
    if (!ticket?.hold || !body.success) return void res.sendStatus(ticket ? 400 : 403);
    const { hold: id, owner, server } = ticket;
    res.sendStatus((await holds.expectRound({ id, owner, server }, body.data.round)) ? 204 : 409);
  });
  router.use('/relay', refuseUnreadable);
  return router;
}

/** A body that is no JSON or too large is the relay's mistake, or what a server made of its question: no failure of ours. */
const refuseUnreadable: ErrorRequestHandler = (error, _req, res, next) => {
  const { status } = error as { status?: number };
  if (status === undefined || status >= 500) return next(error);
  res.sendStatus(status);
};

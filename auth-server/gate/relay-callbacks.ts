import express, { type Request, Router } from 'express';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import * as z from 'zod';
import { type Ticket, verifyOpenTicket } from '../../common/identity/ticket.ts';
import type { AssertionSigner } from '../identity/assertion.ts';
import type { BindingStore } from '../store/binding.ts';
import type { RevocationFeed } from '../store/revocation-feed.ts';

export interface RelayCallbacksDeps {
  publicUrl: string;
  assertions: AssertionSigner;
  bindings: BindingStore;
  revocationFeed: RevocationFeed;
}

const longestId = 1024;
const owned = z.strictObject({
  kind: z.enum(['session', 'task']),
  id: z.string().min(1).max(longestId),
  target: z.string().startsWith('/').max(4096).optional(),
});
const taskList = z.strictObject({ ids: z.array(z.string().max(longestId)).max(10_000) });

/**
 * The routes for the relay: it binds sessions and tasks to their owners, and reads the revocation feed. nginx does not
 * route to them. A call about a binding carries the ticket of the request that it belongs to, and can only concern that
 * ticket's owner and server.
 */
export function relayCallbacks({ publicUrl, assertions, bindings, revocationFeed }: RelayCallbacksDeps): Router {
  const router = Router();
  const ticketOf = async (req: Request): Promise<Ticket | undefined> => {
    const token = /^Bearer (\S+)$/.exec(req.get('authorization') ?? '')?.[1] ?? '';
    const keys = createLocalJWKSet((await assertions.jwks()) as JSONWebKeySet);
    return await verifyOpenTicket(token, keys, publicUrl).catch(() => undefined);
  };
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
    const { server, owner } = ticket;
    res.sendStatus((await bindings.bind({ kind, server, id, owner, target })) ? 204 : 409);
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
    const found = await Promise.all(body.data.ids.map((id) => bindings.find('task', ticket.server, id)));
    res.json({ ids: found.flatMap((task) => (task?.owner === ticket.owner ? task.id : [])) });
  });
  return router;
}

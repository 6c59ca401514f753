import express, { type Express } from 'express';
import type { JWTVerifyGetKey } from 'jose';
import type { Logger } from '../../common/service/log.ts';
import { createIdentifyCaller } from './caller.ts';

export interface HubParts {
  /** The gateway's public origin. */
  publicUrl: string;
  /** Finds the auth-server's public keys. */
  keys: JWTVerifyGetKey;
  /** Origin of the registry inside the deployment. */
  registryUrl: string;
  log: Logger;
}

/**
 * The hub over HTTP, not yet listening: one MCP server that offers each caller all they may use, or what a set offers.
 * Which set nginx says in `X-Hub-Set`; it is empty for `/mcp`.
 */
export function createApp({ publicUrl, keys }: HubParts): Express {
  const identify = createIdentifyCaller(keys, publicUrl);
  const app = express();
  app.disable('x-powered-by').enable('case sensitive routing').enable('strict routing').disable('etag');
  app.get('/health', (_req, res) => void res.json({ status: 'ok' }));
  app.use(async (req, res, next) => {
    if (await identify(req.get('x-mcp-assertion'))) return next();
    const message = 'No valid identity came with this request. Reach the hub through the gateway.';
    res.status(401).json({ jsonrpc: '2.0', id: null, error: { code: -32001, message } });
  });
  app.use((_req, res) => void res.status(404).json({ error: { code: 'not_found', message: 'hub answers at /mcp' } }));
  return app;
}

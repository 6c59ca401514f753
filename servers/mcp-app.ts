import { localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Logger } from '../common/service/log.ts';
import { type BundledServer, bundledServers } from '../common/settings/bundled-servers.ts';
import { version } from '../common/settings/version.ts';
import { type LegacySseOptions, legacySse } from './legacy-sse.ts';

/**
 * A bundled server over HTTP, not yet listening.
 * @param instructions the server's description for clients and models
 * @param register adds the tools to a new server
 */
export function bundledApp(
  name: BundledServer,
  log: Logger,
  instructions: string,
  register: (server: McpServer) => void,
): Express {
  const build = () => {
    const server = new McpServer({ name, title: bundledServers[name].title, version }, { instructions });
    register(server);
    return server;
  };
  return createMcpApp({ name, log, build });
}

/**
 * The options of both transports. Defaults: a body of 1 MiB, far more than their tools take; 1000 streams; a keep-alive every 25 s,
 * less than common proxy timeouts.
 */
export type McpAppOptions = Pick<LegacySseOptions, 'name' | 'build'> & Partial<LegacySseOptions> & { log: Logger };

/**
 * The HTTP endpoints of one MCP server: `/mcp` (streamable HTTP, protocol 2026-07-28 and the 2025 versions, without
 * sessions), `/sse` and `/messages` (HTTP+SSE of 2024-11-05), `GET /health` (`{"status":"ok"}`), and 404 for the rest.
 * Rejects an Origin other than this machine with 403 (MCP 2025-11-25, Transports, Security Warning). The gateway removes
 * Origin, so this affects only web pages that bypass the gateway.
 * @returns an Express app, not yet listening
 */
export function createMcpApp(options: McpAppOptions): Express {
  const { name, build, log, bodyLimit = 1_048_576, maxStreams = 1000, keepAliveMs = 25_000 } = options;
  const app = express();
  app.disable('x-powered-by').enable('case sensitive routing').enable('strict routing');

  const originIsAllowed = localhostOriginValidation();
  app.use((req, res, next) => {
    if (originIsAllowed(req, res)) next();
  });
  app.get('/health', (_req, res) => void res.json({ status: 'ok' }));

  const report = (error: Error) => log.debug({ reason: error.message }, 'request refused');
  const mcp = toNodeHandler(createMcpHandler(build, { onerror: report, maxRequestBodySize: bodyLimit }), {
    onerror: (error) => log.error({ err: error }, 'request failed'),
    maxRequestBodySize: bodyLimit,
  });
  app.all('/mcp', (req, res) => mcp(req, res));
  app.use(legacySse({ name, build, bodyLimit, maxStreams, keepAliveMs }));

  app.use((_req, res) => void res.status(404).json(failure('not_found', `${name} answers at /mcp and /sse`)));
  app.use(onError(log));
  return app;
}

/** Replaces Express's own answer, which is HTML with a stack trace. */
function onError(log: Logger): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
    const known = status >= 400 && status < 500;
    if (!known) log.error({ err: error }, 'request failed');
    if (res.headersSent) return void res.destroy();
    const message = known && error instanceof Error ? error.message : 'the request failed; the log says why';
    res.status(known ? status : 500).json(failure(known ? 'bad_request' : 'internal', message));
  };
}

function failure(code: string, message: string): { error: { code: string; message: string } } {
  return { error: { code, message } };
}

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { JWTVerifyGetKey } from 'jose';
import type { Logger } from '../../common/service/log.ts';
import { interval } from '../../common/time/interval.ts';
import type { Calls } from '../broker/exchange.ts';
import { createIdentifyCaller } from './caller.ts';
import { createDispatch } from './client/dispatch.ts';
import { codes, errorText, Refusal } from './client/errors.ts';
import { type ClientParts, type Door, streamableHttp } from './client/http.ts';
import { createListen } from './client/listen.ts';
import { headerOf } from './client/read-exchange.ts';
import { createSessions } from './client/sessions.ts';
import { legacySse } from './client/sse.ts';
import { createAnnouncer } from './offer/announcer.ts';
import { createFeed } from './offer/feed.ts';
import { createLeftOutLog } from './offer/left-out-log.ts';
import { createOffers } from './offer/offers.ts';
import { askPicture } from './offer/picture.ts';

export interface HubParts {
  /** The gateway's public origin. */
  publicUrl: string;
  /** Finds the auth-server's public keys. */
  keys: JWTVerifyGetKey;
  /** Origin of the registry inside the deployment. */
  registryUrl: string;
  /** Asks the members. */
  calls: Calls;
  log: Logger;
}

const sweepMilliseconds = 60_000;

/**
 * The hub over HTTP, not yet listening: one MCP server that offers each caller all they may use, or what a set offers.
 * `/mcp` is streamable HTTP, `/sse` and `/messages` are HTTP+SSE of 2024-11-05. nginx says in `X-Hub-Set` which set was asked for.
 * @returns the app, and what ends its feed, timers and streams
 */
export function createHub({ publicUrl, keys, registryUrl, calls, log }: HubParts): {
  app: RequestListener;
  stop: () => void;
} {
  const identify = createIdentifyCaller(keys, publicUrl);
  const feed = createFeed(
    registryUrl,
    (change) => {
      offers.drop();
      announcer.tell(change);
    },
    log,
  );
  const tellLeftOut = createLeftOutLog(log);
  const ask = async (assertion: string, set: string) => {
    const picture = await askPicture(registryUrl, assertion, set);
    tellLeftOut(picture);
    return picture;
  };
  const offers = createOffers(ask, feed.isLive);
  const announcer = createAnnouncer(offers.concerns);
  const sessions = createSessions((session) => {
    void calls.ended(session, undefined).catch((error: unknown) => log.warn({ err: error }, 'a session was not ended'));
  });
  const sweep = interval(
    sweepMilliseconds,
    async () => sessions.sweep(),
    () => undefined,
  );
  const parts: ClientParts = {
    async callerOf(req) {
      const caller = await identify(headerOf(req, 'x-mcp-assertion'));
      if (!caller) {
        const message = 'No valid identity came with this request. Reach the hub through the gateway.';
        throw new Refusal(401, codes.invalidRequest, message);
      }
      feed.follow(caller.assertion);
      return caller;
    },
    sessions,
    calls,
    announcer,
    dispatch: createDispatch({ offers, calls, listen: createListen(offers, calls, announcer) }),
    fail(error) {
      if (error instanceof Refusal) {
        if (error.cause) log.warn({ err: error.cause }, error.message);
        return error;
      }
      log.error({ err: error }, 'request failed');
      return new Refusal(500, codes.internal, 'The hub failed. Its log says why.');
    },
  };
  const doors = new Map<string, Door>([['/mcp', streamableHttp(parts)], ...legacySse(parts), ['/health', sayHealthy]]);
  const app: RequestListener = (req, res) => {
    const door = doors.get(pathOf(req)) ?? nothingHere;
    door(req, res).catch((error: unknown) => {
      const refusal = parts.fail(error);
      if (res.headersSent) res.destroy();
      else send(res, refusal.status, errorText(refusal));
    });
  };
  return {
    app,
    stop() {
      feed.stop();
      announcer.stop();
      clearInterval(sweep);
      for (const session of sessions.all()) sessions.end(session);
    },
  };
}

async function sayHealthy(_req: IncomingMessage, res: ServerResponse): Promise<void> {
  send(res, 200, '{"status":"ok"}');
}

async function nothingHere(_req: IncomingMessage, res: ServerResponse): Promise<void> {
  send(res, 404, '{"error":{"code":"not_found","message":"hub answers at /mcp"}}');
}

function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

function send(res: ServerResponse, status: number, json: string): void {
  res.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' }).end(json);
}

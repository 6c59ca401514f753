import * as z from 'zod';
import type { Logger } from '../../common/service/log.ts';
import { parseJson } from '../../common/text/json.ts';
import { boundedText } from '../bounded-text.ts';
import { causeOf, ToolError } from '../tool-call.ts';

/** The address of Polygon's API, and the key. */
export interface PolygonAccess {
  url: string;
  key: string | undefined;
}

/** One bar as Polygon sends it (Polygon, Stocks, Custom Bars): v volume, vw weighted price, n transactions, t start in ms. */
const barSchema = z.object({
  o: z.number(),
  h: z.number(),
  l: z.number(),
  c: z.number(),
  v: z.number(),
  vw: z.number().optional(),
  n: z.number().optional(),
  t: z.number(),
});

const answerSchema = z.object({
  ticker: z.string(),
  status: z.string(),
  adjusted: z.boolean().default(true),
  results: z.array(barSchema).default([]),
  next_url: z.string().optional(),
});

export type PolygonAnswer = z.infer<typeof answerSchema>;

const maxAnswerBytes = 16 * 1024 * 1024;
const tooLarge = "Polygon's answer is too large; ask for a shorter window";

/**
 * Sends one request to Polygon. The key goes into a header, because URLs end up in logs and messages.
 * @param path path and query from `aggregatesPath`
 * @param signal aborts when the caller gives up
 * @throws {ToolError} without a key, or if Polygon refuses, does not answer in time or answers unexpectedly
 */
export async function askPolygon(
  { url, key }: PolygonAccess,
  path: string,
  { log, signal, timeoutMs }: { log: Logger; signal: AbortSignal; timeoutMs: number },
): Promise<PolygonAnswer> {
  if (!key) {
    const how = 'set POLYGON_API_KEY where fininfo runs (a key comes with an account at polygon.io, now massive.com)';
    throw new ToolError(
      `401: fininfo has no key for Polygon's API, so it cannot look up stocks. Its operator should ${how}.`,
    );
  }
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(new URL(path, url), {
      headers: { Accept: 'application/json', Authorization: `Bearer ${key}` },
      // A redirect would leak the key to its target.
      redirect: 'manual',
      signal: AbortSignal.any([timeout, signal]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      log.warn({ status: response.status }, 'Polygon refused');
      throw refusal(response);
    }
    return parsed(await boundedText(response, maxAnswerBytes, tooLarge), log);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    const reason = timeout.aborted ? 'timeout' : causeOf(error);
    log.warn({ reason }, 'Polygon cannot be asked');
    throw new ToolError(
      timeout.aborted
        ? `Polygon did not answer within ${timeoutMs / 1000} s; try again later or ask for a shorter window`
        : `Polygon cannot be reached (${reason}); try again later`,
    );
  }
}

function refusal({ status, headers }: Response): ToolError {
  const wait = headers.get('retry-after');
  const texts: Record<number, string> = {
    400: 'Polygon does not understand the request (400): check ticker, timespan and dates',
    401: 'Polygon does not know the key (401); the operator of fininfo should check POLYGON_API_KEY',
    403: "Polygon's plan behind POLYGON_API_KEY does not include this data (403); ask for a more recent window or a longer bar",
    404: 'Polygon has nothing under this ticker (404); check the symbol',
    429: `Polygon's limit of requests is reached (429); try again ${/^\d{1,5}$/.test(wait ?? '') ? `in ${wait} s` : 'in a minute'}`,
  };
  return new ToolError(texts[status] ?? `Polygon could not answer (${status}); try again later`);
}

function parsed(text: string, log: Logger): PolygonAnswer {
  const result = answerSchema.safeParse(parseJson(text));
  if (result.success) return result.data;
  log.error(
    { faults: result.error.issues.map(({ path }) => path.join('.')).slice(0, 5) },
    'unexpected answer of Polygon',
  );
  throw new ToolError('fininfo does not understand the answer of Polygon; the operator should look at its log');
}

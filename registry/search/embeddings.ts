import { hash } from 'node:crypto';
import * as z from 'zod';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import type { Logger } from '../../common/service/log.ts';

interface EmbeddingsOptions {
  /** The base URL of `/v1/embeddings`, such as `http://localhost:11434`. */
  url: string;
  model: string;
  apiKey: string | undefined;
  log: Logger;
  /** Time limit for one query, in milliseconds: a user waits for it. */
  questionTimeoutMs?: number;
  /** Time limit for one batch of tools. */
  batchTimeoutMs?: number;
  /** Milliseconds of a clock that is never set back. */
  now?: () => number;
}

export type Embeddings = ReturnType<typeof createEmbeddings>;

/** After a failure, the endpoint gets no request for this long. */
const pauseMilliseconds = 30_000;
const batchSize = 64;
const mostKept = 20_000;
const longestText = 8_000;

const answerSchema = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()).min(1) })),
});

/**
 * Makes a client of an OpenAI-compatible endpoint (`POST /v1/embeddings` with `{model, input}`; OpenAI API reference,
 * "Create embeddings"). All vectors have length one, so that their product is their similarity. They are cached in memory by the hash of their text, and fetched again after a restart. The
 * log reports once when the endpoint stops answering, and once when it answers again.
 */
export function createEmbeddings(options: EmbeddingsOptions) {
  const { questionTimeoutMs = 1_000, batchTimeoutMs = 20_000, now = () => performance.now(), log } = options;
  const kept = boundedCache<string, Float32Array>(mostKept);
  let silentUntil = 0;
  let failing = false;

  const ask = async (texts: readonly string[], timeoutMs: number): Promise<void> => {
    if (now() < silentUntil) return;
    try {
      const vectors = await request(options, texts, timeoutMs);
      texts.forEach((text, at) => {
        const vector = vectors[at];
        if (vector) kept.set(keyOf(text), vector);
      });
      if (failing) log.info('the embeddings are back');
      failing = false;
    } catch (error) {
      silentUntil = now() + pauseMilliseconds;
      if (!failing) log.warn({ reason: reasonOf(error) }, 'no embeddings: the search goes by words only');
      failing = true;
    }
  };
  return {
    /** The vector of a query; undefined if it is not available in time. */
    async ofQuestion(text: string): Promise<Float32Array | undefined> {
      const key = keyOf(text);
      if (!kept.has(key)) await ask([text], questionTimeoutMs);
      return kept.get(key);
    },
    /** Fetches the missing vectors of these texts. Never throws. */
    async prepare(texts: readonly string[]): Promise<void> {
      const missing = [...new Set(texts)].filter((text) => !kept.has(keyOf(text)));
      for (let at = 0; at < missing.length; at += batchSize)
        await ask(missing.slice(at, at + batchSize), batchTimeoutMs);
    },
    /** The vector of a prepared text. */
    of: (text: string): Float32Array | undefined => kept.get(keyOf(text)),
  };
}

async function request(
  { url, model, apiKey }: EmbeddingsOptions,
  texts: readonly string[],
  timeoutMs: number,
): Promise<Float32Array[]> {
  const response = await fetch(new URL('/v1/embeddings', url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(apiKey && { Authorization: `Bearer ${apiKey}` }) },
    body: JSON.stringify({ model, input: texts.map((text) => text.slice(0, longestText)) }),
    // A redirect could send the key to another host.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new EmbeddingsError(`it answered HTTP ${response.status}`);
  }
  const { data } = answerSchema.parse(await response.json());
  const vectors: Float32Array[] = [];
  for (const { index, embedding } of data) vectors[index] = ofLengthOne(embedding);
  const [first] = vectors;
  if (vectors.length !== texts.length || !vectors.every((vector) => vector?.length === first?.length))
    throw new EmbeddingsError('it answered with another number of vectors, or with vectors of several lengths');
  return vectors;
}

class EmbeddingsError extends Error {}

/** The reason for the log, without addresses, keys or texts. */
function reasonOf(error: unknown): string {
  if (error instanceof EmbeddingsError) return error.message;
  if (!Error.isError(error)) return 'unknown';
  if (error instanceof z.ZodError || error.name === 'SyntaxError') return 'it answered something else than vectors';
  if (error.name === 'TimeoutError') return 'it did not answer in time';
  const { cause } = error;
  return Error.isError(cause) && 'code' in cause ? String(cause.code) : error.name;
}

function keyOf(text: string): string {
  return hash('sha256', text, 'base64');
}

function ofLengthOne(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values) || 1;
  return Float32Array.from(values, (value) => value / length);
}

/** The similarity of two vectors of length one, from -1 to 1; 0 if their lengths differ. */
export function nearness(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

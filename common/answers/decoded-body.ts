import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { UnreadableAnswer } from './limits.ts';

const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The body of an answer without its content coding (RFC 9110 section 8.4.1). The gateway asks for none, and some servers
 * compress all the same. The reader must bound what it takes: a little may become a lot.
 * @throws {UnreadableAnswer} for a coding that is not known
 */
export function decodedBody(answer: IncomingMessage): Readable {
  const coding = answer.headers['content-encoding']?.trim().toLowerCase() || 'identity';
  if (coding === 'identity') return answer;
  const decoder = decoders[coding]?.();
  if (!decoder) throw new UnreadableAnswer('an answer in a content coding that the gateway did not ask for');
  // A failure of either ends both, and reaches the reader of the decoder.
  return pipeline(answer, decoder, () => undefined);
}

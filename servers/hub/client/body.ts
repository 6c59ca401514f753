import type { IncomingMessage } from 'node:http';
import { essenceOf, jsonType } from '../../../common/answers/media-type.ts';
import { codes, Refusal } from './errors.ts';

/** In bytes. The gate bounds a body (`MAX_BODY`) before it is sent here. */
const longestBody = 64 * 1024 * 1024;

/**
 * The body of a POST as bytes, whatever charset its header names: JSON is UTF-8 (RFC 8259, 8.1). By events: `for await` takes
 * several times as long as everything else that is done to a body.
 * @throws {Refusal} 415 for another media type and for a content coding, 413 beyond the bound, 400 if it breaks off
 */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  const { 'content-type': type, 'content-encoding': coding = 'identity' } = req.headers;
  if (essenceOf(type) !== jsonType || coding !== 'identity')
    throw new Refusal(415, codes.invalidRequest, 'The message must be application/json, without Content-Encoding.');
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= longestBody) chunks.push(chunk);
      else reject(new Refusal(413, codes.invalidRequest, `The message is longer than ${longestBody} bytes.`));
    });
    req.once('error', () => reject(new Refusal(400, codes.invalidRequest, 'The message broke off.')));
    req.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
  });
}

import { ToolError } from './tool-call.ts';

/**
 * Reads the text of an answer, up to a limit.
 * @param most in bytes
 * @param tooLarge what the caller is told of a longer answer
 * @throws {ToolError} with that text
 */
export async function boundedText(response: Response, most: number, tooLarge: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > most) throw new ToolError(tooLarge);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

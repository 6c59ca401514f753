import type { ServerMessage } from '../../../common/answers/message.ts';
import { type Change, locate } from '../../../common/answers/rewrite.ts';
import { parseJson } from '../../../common/text/json.ts';
import { rpcCode } from '../errors.ts';
import type { Member } from '../exchange.ts';
import { limits } from '../limits.ts';
import { invalid, readQuestion } from './question.ts';

/**
 * What changes in an error with which a member asks for pages to be opened before it answers (MCP 2025-11-25, "URL Elicitation
 * Required"): each page is judged and labelled as if it were asked for.
 * @param capabilities the client's
 * @throws {BrokerError} if the member may not ask, or asks what cannot be read
 */
export function pagesChanged(member: Member, capabilities: Record<string, unknown>, message: ServerMessage): Change[] {
  const { bytes, parts } = message;
  const error = parts.get('error');
  if (!error || !bytes.includes(String(rpcCode.pagesRequired))) return [];
  const [code, span] = locate(bytes, [['code'], ['data', 'elicitations']], error);
  if (!code || Number(bytes.toString('utf8', code.from, code.to)) !== rpcCode.pagesRequired) return [];
  if (!span || span.to - span.from > limits.ofMember.usual) throw invalid('The pages to open cannot be read.');
  const pages = parseJson(bytes.toString('utf8', span.from, span.to));
  if (!Array.isArray(pages) || pages.length > limits.askedPerMember)
    throw invalid(`A server asks for ${limits.askedPerMember} pages at most.`);
  const asked = pages.map((page) => {
    const json = Buffer.from(JSON.stringify({ ...page, mode: 'url' }));
    return readQuestion(member, capabilities, 'elicitation/create', json).params;
  });
  return [{ ...span, json: JSON.stringify(asked) }];
}

import type { ServerMessage } from '../../../common/answers/message.ts';
import { parseJson } from '../../../common/text/json.ts';
import { limits } from '../limits.ts';

/** Beyond, a result is not searched for links, in bytes. */
const longestContent = 262_144;
const mostLinks = 100;

/** The URIs of resources that a result links to (MCP 2025-06-18, "Resource Links"). Links need not stand in a list. */
export function linksIn({ bytes, result }: ServerMessage): string[] {
  const span = result.get('content');
  if (!span || span.to - span.from > longestContent || !bytes.includes('resource_link', span.from)) return [];
  const content = parseJson(bytes.toString('utf8', span.from, span.to));
  if (!Array.isArray(content)) return [];
  const uris = content.flatMap((part: { type?: unknown; uri?: unknown } | null) =>
    part?.type === 'resource_link' && typeof part.uri === 'string' && part.uri.length <= limits.longestUri
      ? [part.uri]
      : [],
  );
  return uris.slice(0, mostLinks);
}

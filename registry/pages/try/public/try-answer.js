// The answer of a tool as text. It is the server's own, so nothing in it becomes an element, a link or an image, and hidden
// characters are spelled out.
const longest = 200_000;

/** @param hidden the source of the expression for hidden characters (registry/pins/reveal.ts) */
export function createReveal(hidden) {
  const all = new RegExp(hidden, 'gu');
  const spelled = (c) => (c === '\n' || c === '\t' ? c : `\\u{${c.codePointAt(0).toString(16)}}`);
  return (text) => {
    const cut = text.length > longest ? text.slice(0, longest) : text;
    const left = text.length - cut.length;
    return cut.replace(all, spelled) + (left > 0 ? `\n… and ${left.toLocaleString('en')} more characters` : '');
  };
}

/** The parts of a result (MCP 2025-11-25, `CallToolResult`), each as a text. */
export function textOf({ content, structuredContent, resultType }) {
  if (resultType === 'input_required')
    return 'The tool asks for more input, which this page cannot give. Call it from an MCP client.';
  const parts = (Array.isArray(content) ? content : []).map(partText);
  if (structuredContent !== undefined && parts.length === 0) parts.push(JSON.stringify(structuredContent, null, 2));
  return parts.join('\n\n') || 'The tool returned nothing.';
}

function partText(part) {
  const { type, text, data, mimeType, name, uri, resource } = part ?? {};
  if (type === 'text' && typeof text === 'string') return text;
  if (type === 'image' || type === 'audio') return `[${type}, ${mimeType ?? 'unknown type'}, ${sizeOf(data)}]`;
  if (type === 'resource_link') return `[link to a resource: ${name ?? ''} ${uri ?? ''}]`;
  if (type === 'resource' && typeof resource?.text === 'string') return `[resource ${resource.uri}]\n${resource.text}`;
  if (type === 'resource') return `[resource ${resource?.uri ?? ''}, ${resource?.mimeType ?? 'unknown type'}, ${sizeOf(resource?.blob)}]`;
  return JSON.stringify(part, null, 2) ?? '';
}

/** The size of base64 data, for people: `12 kB`. */
export function sizeOf(data) {
  const bytes = typeof data === 'string' ? Math.floor((data.replace(/=+$/, '').length * 3) / 4) : 0;
  return bytes < 1_000 ? `${bytes} bytes` : bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/**
 * The whole address of an MCP server as one text. A person's token for it counts only while this text stays the same.
 * nginx/reload writes the same text from the server's route.
 * @param origin such as `https://mcp.example.com`, as `URL.origin` writes it
 * @param mcp path and query of its Streamable HTTP endpoint; undefined for none
 * @param sse path and query of its SSE endpoint; undefined for none
 * @returns such as `https://mcp.example.com /mcp -`
 */
export function serverAddress(origin: string, mcp: string | undefined, sse: string | undefined): string {
  return [origin, mcp ?? '-', sse ?? '-'].join(' ');
}

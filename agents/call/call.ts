import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** One tool call through the gateway. */
export interface ToolCall {
  /** The gateway's public URL. */
  gateway: string;
  server: string;
  tool: string;
  args: Record<string, unknown>;
  token: string;
}

/** The tool's answer as text for people, and whether the tool called it an error. */
export interface ToolAnswer {
  text: string;
  failed: boolean;
}

/**
 * Calls a tool with the official MCP client over streamable HTTP, in the newest protocol era that the server speaks.
 * @throws the SDK's errors, when the gateway or the server refuses
 */
export async function callTool({ gateway, server, tool, args, token }: ToolCall): Promise<ToolAnswer> {
  const client = new Client({ name: 'mcp-gateway-call', version: '0.1.0' }, { versionNegotiation: { mode: 'auto' } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`/${server}/mcp`, gateway), { requestInit }));
  try {
    const result = await client.callTool({ name: tool, arguments: args });
    const parts = result.content.map((part) => (part.type === 'text' ? part.text : `[${part.type}]`));
    return { text: parts.join('\n'), failed: result.isError === true };
  } finally {
    await client.close();
  }
}

/** What the gateway or the server said, in one line. */
export function explainCallError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const body = /\{.*\}/s.exec(text)?.[0];
  if (body === undefined) return text;
  try {
    const parsed = JSON.parse(body) as { error?: { message?: string } };
    return parsed.error?.message ?? text;
  } catch {
    return text;
  }
}

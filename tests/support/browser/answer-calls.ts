import type { Page } from 'playwright-core';

/**
 * Answers the MCP requests of a page to github, instead of a server.
 * @param answer what a call of a tool gets: `result` or `error` of JSON-RPC
 * @param headers those of the answer
 */
export async function answerCalls(page: Page, answer: object, headers: Record<string, string> = {}): Promise<void> {
  await page.route(/\/github\/mcp$/, (route) => {
    const { id, method } = (route.request().postDataJSON() ?? {}) as { id?: number; method?: string };
    const json = (more: object) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id, ...more });
      return route.fulfill({ headers, contentType: 'application/json', body });
    };
    if (method === 'initialize') return json({ result: { protocolVersion: '2025-11-25', capabilities: {} } });
    return method === 'tools/call' ? json(answer) : route.fulfill({ status: 202 });
  });
}

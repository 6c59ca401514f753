const methods = new Set(['tools/call', 'prompts/get', 'resources/read', 'completion/complete']);

/** Whether an MCP method uses a server, and does not only ask what it has. */
export function isCall(method: string | undefined): boolean {
  return method !== undefined && (methods.has(method) || method.startsWith('tasks/'));
}

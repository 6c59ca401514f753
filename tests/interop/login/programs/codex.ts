// Asks Codex's app server, which reaches MCP servers as Codex does for its model: codex.ts URL COMMAND SERVER
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { serve } from './steps.ts';

const [command = '', server = ''] = process.argv.slice(3);
type Answer = { id?: number; result?: unknown; error?: { message: string } };
type Status = { data: { name: string; tools: Record<string, { name: string }>; toolsError: string | null }[] };

await serve(async () => {
  const child = spawn(command, ['app-server'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, (answer: Answer) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  let last = 0;
  const ask = <Result>(method: string, params: object) =>
    new Promise<Result>((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result as Result)));
      child.stdin.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  const clientInfo = { name: 'tests', title: null, version: '1' };
  await ask('initialize', { clientInfo, capabilities: null });
  child.stdin.write('{"method":"initialized"}\n');
  const { thread } = await ask<{ thread: { id: string } }>('thread/start', { cwd: process.cwd() });
  return {
    async list() {
      const { data } = await ask<Status>('mcpServerStatus/list', { serverName: server });
      const [{ tools, toolsError } = { tools: {}, toolsError: 'it is not there' }] = data;
      if (toolsError !== null) throw new Error(toolsError);
      return { tools: Object.values(tools) };
    },
    call: (tool, args) => ask('mcpServer/tool/call', { threadId: thread.id, server, tool, arguments: args }),
  };
});

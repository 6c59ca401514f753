import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AgentOptions } from '../agent/options.ts';
import { does, newCommand, withIdentity } from '../lib/command.ts';
import type { Context } from '../lib/context.ts';
import type { ExitCode } from '../lib/failure.ts';

/** `agent`: answers a question with the tools behind the gateway. */
export function agentCommand(context: Context, done: (code: ExitCode) => void): Command {
  const command = withIdentity(
    newCommand('agent', 'Answer a question with the tools behind the gateway, by a model or offline.', [
      'mcp-gateway agent --message "What time is it in Tokyo?"',
      'mcp-gateway agent --use-session-cookie --message "What MCP servers are available?"',
      'mcp-gateway agent --provider anthropic --model MODEL --verbose --message "What tools can I use?"',
    ]),
  )
    .option('-m, --message <text>', 'the question; without it, it is read from stdin')
    .option(
      '--mcp-registry-url <url>',
      'mcpgw behind the gateway, /mcp or /sse (default: MCP_REGISTRY_URL, or REGISTRY_URL/mcpgw/sse)',
    )
    .option('--model <name>', 'the model to ask (default: MODEL; without one it works offline)')
    .addOption(
      new Option('--provider <name>', 'who runs the model (default: MODEL_PROVIDER, or whose key is there)').choices([
        ...['bedrock', 'anthropic', 'openai-compatible'],
      ]),
    )
    .option('--offline', 'no model, even if one is set')
    .option('-i, --interactive', 'ask for one question after the other')
    .option('-v, --verbose', 'show each call of a tool')
    .option('-y, --yes', 'run tools that may change something without asking')
    .option('--max-steps <number>', 'how often the model may be asked for one answer', whole(100), 12)
    .option('--timeout <seconds>', 'how long one answer may take', whole(3600), 120);
  // An answer is prose: piped on it stays what it is, unless JSON is asked for.
  const json = command.options.find(({ long }) => long === '--json');
  if (json) json.description = 'the answer as JSON, with the calls that were made';
  // The work is loaded only when it is asked for: its libraries are large, and no other command needs them.
  return does<AgentOptions>(command, context, done, async (run) => (await import('../agent/run.ts')).runAgent(run));
}

function whole(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}

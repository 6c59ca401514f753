import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AgentOptions } from '../agent/options.ts';
import { does, withIdentity } from '../lib/command.ts';

/** The command `agent`: answers a question with the tools behind the gateway. */
export const agentCommand = does<AgentOptions>(
  'agent',
  'Answer a question with the tools behind the gateway, with a model or offline.',
  [
    'mcp-gateway agent --message "What time is it in Tokyo?"',
    'mcp-gateway agent --use-session-cookie --message "What MCP servers are available?"',
    'mcp-gateway agent --provider anthropic --model MODEL --verbose --message "What tools can I use?"',
  ],
  agentOptions,
  // Loads the agent only when it runs: its libraries are large, and no other command needs them.
  async (run) => (await import('../agent/run.ts')).runAgent(run),
);

function agentOptions(command: Command): Command {
  // An answer is prose, so it becomes JSON only on request, not because stdout is a pipe.
  const json = command.options.find(({ long }) => long === '--json');
  if (json) json.description = 'print the answer and the tool calls as JSON';
  return withIdentity(command)
    .option('-m, --message <text>', 'the question; read from stdin if missing')
    .option(
      '--mcp-registry-url <url>',
      'mcpgw behind the gateway, or REGISTRY_URL/mcp for all servers (default: MCP_REGISTRY_URL, or REGISTRY_URL/mcpgw/sse)',
    )
    .option('--model <name>', 'the model (default: MODEL; offline if neither is set)')
    .addOption(
      new Option(
        '--provider <name>',
        "the model's provider (default: MODEL_PROVIDER, or the one whose key is set)",
      ).choices(['bedrock', 'anthropic', 'openai-compatible']),
    )
    .option('--offline', 'use no model, even if one is set')
    .option('-i, --interactive', 'ask several questions')
    .option('-v, --verbose', 'show each tool call')
    .option('-y, --yes', 'run tools that may change something without asking')
    .option('--max-steps <number>', 'the most model requests for one answer', whole(100), 12)
    .option('--timeout <seconds>', 'the time limit of one answer', whole(3600), 120);
}

function whole(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}

import { type Command, Option } from 'commander';

/** Adds the option `--transport`. */
export function withTransport(command: Command): Command {
  const option = new Option('--transport <name>', 'mcp (streamable HTTP) or sse (legacy)').choices(['mcp', 'sse']);
  return command.addOption(option.default('mcp'));
}

export function transportOf({ transport }: { transport: string }): 'mcp' | 'sse' {
  return transport === 'sse' ? 'sse' : 'mcp';
}

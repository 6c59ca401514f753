import { type Command, Option } from 'commander';

/** Adds the choice of the transport. */
export function withTransport(command: Command): Command {
  const option = new Option('--transport <name>', 'mcp is streamable HTTP, sse the legacy one').choices(['mcp', 'sse']);
  return command.addOption(option.default('mcp'));
}

export function transportOf({ transport }: { transport: string }): 'mcp' | 'sse' {
  return transport === 'sse' ? 'sse' : 'mcp';
}

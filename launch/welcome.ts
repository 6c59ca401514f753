import type { Stack } from './stack.ts';

const people = [
  ['alice', 'mcp-registry-admin', 'everything'],
  ['dave', 'mcp-registry-operator', 'list and call tools, not change the registry'],
  ['carol', 'mcp-registry-developer', 'list and call tools, not change the registry'],
  ['bob', 'mcp-registry-user', 'list and look'],
  ['erin', '(no group)', 'nothing'],
] as const;

/** The text that is shown once the gateway is up. */
export function welcome({ publicUrl, standIn }: Stack, seconds: number): string {
  const lines = [
    '',
    `The gateway is up after ${seconds.toFixed(1)} s. Ctrl-C stops everything.`,
    '',
    `  Registry     ${publicUrl}/`,
    `  Health       ${publicUrl}/health`,
    `  MCP servers  ${publicUrl}/currenttime/mcp   ${publicUrl}/mcpgw/mcp   (legacy SSE: /sse instead of /mcp)`,
  ];
  if (standIn) {
    lines.push('', '  Sign in as   group                    may              password for all: Passw0rd!');
    for (const [name, group, may] of people) lines.push(`    ${name.padEnd(10)} ${group.padEnd(24)} ${may}`);
  }
  lines.push(
    '',
    '  Try, in another terminal:',
    `    npm run -s call -- currenttime current_time_by_timezone '{"tz_name":"Asia/Tokyo"}'`,
    '',
  );
  return lines.join('\n');
}

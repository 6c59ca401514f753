import { join } from 'node:path';
import { agentEnvironment, explainTokenError, fetchAgentToken } from '../token/token.ts';
import { callTool, explainCallError } from './call.ts';

const help = `Calls one tool of one server through the gateway, as the agent of agents/.env.agent (or the demo's agent).

  npm run -s call -- SERVER TOOL ['{"argument":"value"}']
  npm run -s call -- currenttime current_time_by_timezone '{"tz_name":"Asia/Tokyo"}'

REGISTRY_URL says where the gateway is (default http://localhost:8080).
Exit code: 0 the tool answered, 1 refused or failed, 2 wrong use.`;

process.exitCode = await run(process.argv.slice(2));

async function run([server, tool, json = '{}', ...rest]: string[]): Promise<number> {
  if (server === '--help' || server === '-h') return say(help, 0);
  const args = readArguments(json);
  if (!server || !tool || rest.length > 0 || !args) return say(help, 2);
  const env = agentEnvironment(join(import.meta.dirname, '..'), process.env);
  let token: string;
  try {
    token = await fetchAgentToken(env);
  } catch (error) {
    return say(explainTokenError(error), 1);
  }
  try {
    const gateway = env.REGISTRY_URL || 'http://localhost:8080';
    const { text, failed } = await callTool({ gateway, server, tool, args, token });
    return say(text, failed ? 1 : 0);
  } catch (error) {
    return say(explainCallError(error), 1);
  }
}

function readArguments(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function say(text: string, code: number): number {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  return code;
}

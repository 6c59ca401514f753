import { parseArgs } from 'node:util';
import { parseOrigin } from '../common/network/origin.ts';
import { serverNameForm } from '../policy/names.ts';

/** The options of the command line. */
export interface Options {
  url: URL;
  standIn: URL;
  server: string;
  tool: string;
  args: Record<string, unknown>;
  token: string | undefined;
  cookie: string | undefined;
  verbose: boolean;
  json: boolean;
}

/** Wrong use of the command line. The message says how to correct it. */
export class UsageError extends Error {}

/** What `--help` prints. */
export const help = `Attacks a gateway and reports what got through. It changes nothing at the gateway and takes less than a minute.

  npm run attack                                                  the gateway of npm run up
  npm run attack -- --url http://localhost:8080 --verbose         every attack with request and response
  npm run attack -- --url https://mcp.example.com --yes-this-is-mine --token … --server fininfo --tool get_stock

  --url       the gateway (default http://localhost:8080)
  --token     an access token that may list the tools of --server and mcpgw, and may NOT call --tool
  --cookie    a session cookie with the same permissions, as name=value
  --server, --tool, --args   the forbidden call (default currenttime, current_time_by_timezone, {"tz_name":"Asia/Tokyo"})
  --stand-in  the local stand-in of Cognito (default http://127.0.0.1:9500); without --token and --cookie the
              attacker uses the demo's agents and people
  --verbose   show every attack;  --json  for programs
  --yes-this-is-mine   required for a gateway on another machine; attacking one that is not yours is a crime in most places

Exit code 0: no attack got through and every allowed request passed. 1: otherwise. 2: the run could not start.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/**
 * Reads the command line.
 * @returns undefined if help was asked for
 * @throws {UsageError}
 */
export function readOptions(argv: readonly string[]): Options | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  const url = origin('--url', values.url);
  if (!isLoopback(url) && !values['yes-this-is-mine']) {
    throw new UsageError(`${url.host} is not this machine. If it is yours to attack, add --yes-this-is-mine.`);
  }
  const { server, tool, token, cookie, verbose, json } = values;
  if (!new RegExp(`^${serverNameForm}$`).test(server))
    throw new UsageError('--server must be the name of a server, as in its URL path.');
  const standIn = origin('--stand-in', values['stand-in']);
  if (!isLoopback(standIn)) throw new UsageError('--stand-in must be on this machine.');
  return { url, standIn, server, tool, args: readArgs(values.args), token, cookie, verbose, json };
}

function parse(argv: readonly string[]) {
  const options = {
    url: { ...text, default: 'http://localhost:8080' },
    'stand-in': { ...text, default: 'http://127.0.0.1:9500' },
    server: { ...text, default: 'currenttime' },
    tool: { ...text, default: 'current_time_by_timezone' },
    args: { ...text, default: '{"tz_name":"Asia/Tokyo"}' },
    token: text,
    cookie: text,
    verbose: flag,
    json: flag,
    help: { ...flag, short: 'h' },
    'yes-this-is-mine': flag,
  } as const;
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}. See --help.`);
  }
}

function origin(name: string, value: string): URL {
  const parsed = parseOrigin(value);
  if (parsed !== undefined) return new URL(parsed);
  throw new UsageError(`${name} must be an origin such as http://localhost:8080, not ${JSON.stringify(value)}.`);
}

function readArgs(value: string): Record<string, unknown> {
  try {
    const args: unknown = JSON.parse(value);
    if (typeof args === 'object' && args !== null && !Array.isArray(args)) return args as Record<string, unknown>;
  } catch {}
  throw new UsageError('--args must be a JSON object.');
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

import { Command, CommanderError } from 'commander';
import { parseOrigin } from '../common/network/origin.ts';
import { parseJson } from '../common/text/json.ts';
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
  /** Whether to attack with a server's answers in place of requests. */
  hostile: boolean;
  /** The server whose place the hostile one takes. */
  place: string;
  /** Texts in the names of the behaviours to try; none means all. */
  only: readonly string[];
  verbose: boolean;
  json: boolean;
}

/** Wrong use of the command line. The message says how to correct it. */
export class UsageError extends Error {}

const examples = `
Examples:
  npm run attack                                                  the gateway of npm run up
  npm run attack -- --url http://localhost:8080 --verbose         every attack with request and response
  npm run attack -- --with-hostile-server                         what a hostile MCP server can do, in some minutes
  npm run attack -- --url https://mcp.example.com --yes-this-is-mine --token … --server fininfo --tool get_stock

Without --token and --cookie the attacker uses the demo's agents and people.
With --with-hostile-server it starts hostile MCP servers on this machine and registers them in an administrator's name: one
takes the place of a server of the demo for as long as the run takes. At the end, and on Ctrl-C, all is put back.
Exit code 0: no attack got through, nothing died, and every allowed request passed. 1: otherwise. 2: the run could not start.`;

/**
 * Reads the command line.
 * @param env the settings of the gateway, which say where it and the stand-in are
 * @returns undefined after printing the help
 * @throws {UsageError}
 */
export function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Options | undefined {
  const values = parse(argv, env);
  if (!values) return undefined;
  const url = origin('--url', values.url);
  if (!isLoopback(url) && !values.yesThisIsMine) {
    throw new UsageError(`${url.host} is not this machine. If it is yours to attack, add --yes-this-is-mine.`);
  }
  if (!new RegExp(`^${serverNameForm}$`).test(values.server))
    throw new UsageError('--server must be the name of a server, as in its URL path.');
  const standIn = origin('--stand-in', values.standIn);
  if (!isLoopback(standIn)) throw new UsageError('--stand-in must be on this machine.');
  const {
    server,
    tool,
    token,
    cookie,
    place,
    only,
    verbose = false,
    json = false,
    withHostileServer: hostile = false,
  } = values;
  if (hostile && !isLoopback(url)) throw new UsageError('--with-hostile-server is for a gateway on this machine.');
  if (hostile && (token ?? cookie) !== undefined)
    throw new UsageError("--with-hostile-server uses the demo's people and agents, not --token or --cookie.");
  return {
    url,
    standIn,
    server,
    tool,
    args: readArgs(values.args),
    token,
    cookie,
    hostile,
    place,
    only,
    verbose,
    json,
  };
}

type Values = Record<'url' | 'standIn' | 'server' | 'tool' | 'args' | 'place', string> &
  Record<'only', string[]> &
  Partial<
    Record<'token' | 'cookie', string> & Record<'withHostileServer' | 'verbose' | 'json' | 'yesThisIsMine', boolean>
  >;

function parse(argv: readonly string[], env: NodeJS.ProcessEnv): Values | undefined {
  const standIn = env.COGNITO_LOCAL_ENDPOINT?.trim() || `http://127.0.0.1:${env.COGNITO_PORT?.trim() || 9500}`;
  const command = new Command('npm run attack --')
    .description(
      'Attacks a gateway and reports what got through. Changes nothing there and takes less than a minute, except with ' +
        '--with-hostile-server.',
    )
    .option('--url <origin>', 'the gateway; default: REGISTRY_URL', env.REGISTRY_URL?.trim() || 'http://localhost:8080')
    .option('--token <token>', 'an access token that may list the tools of --server and mcpgw, and may NOT call --tool')
    .option('--cookie <name=value>', 'a session cookie with the same permissions')
    .option('--server <name>', 'the server of the forbidden call', 'currenttime')
    .option('--tool <name>', 'the tool of the forbidden call', 'current_time_by_timezone')
    .option('--args <json>', 'the arguments of the forbidden call', '{"tz_name":"Asia/Tokyo"}')
    .option('--stand-in <origin>', 'the local stand-in of Cognito', standIn)
    .option('--with-hostile-server', 'attack by the answers of a server in place of requests')
    .option('--place <name>', 'the server of the demo whose place the hostile one takes', 'realserverfaketools')
    .option('--only <text...>', 'of the hostile behaviours, try those with one of these texts in their names', [])
    .option('--verbose', 'show every attack')
    .option('--json', 'print the report as JSON')
    .option(
      '--yes-this-is-mine',
      'required for another machine; attacking one that is not yours is a crime in most places',
    )
    .addHelpText('after', examples)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  try {
    return command.parse(argv, { from: 'user' }).opts<Values & Record<string, unknown>>();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    throw new UsageError(`${error instanceof Error ? error.message : error}. See --help.`);
  }
}

function origin(name: string, value: string): URL {
  const parsed = parseOrigin(value);
  if (parsed !== undefined) return new URL(parsed);
  throw new UsageError(`${name} must be an origin such as http://localhost:8080, not ${JSON.stringify(value)}.`);
}

function readArgs(value: string): Record<string, unknown> {
  const args = parseJson(value);
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) return args as Record<string, unknown>;
  throw new UsageError('--args must be a JSON object.');
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

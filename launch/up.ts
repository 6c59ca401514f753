import { join } from 'node:path';
import { isPortTaken, whoListens } from '../common/network/port-in-use.ts';
import { readEnvFile } from '../common/settings/env-file.ts';
import { home } from '../common/settings/values.ts';
import { cleanText } from '../common/text/clean.ts';
import { createLineSink } from './log-lines.ts';
import { defaultPorts, type Ports, portNames, portVariables } from './services.ts';
import { gateSocket } from './socket.ts';
import { type Stack, startStack } from './stack.ts';
import { ServiceFailure, Supervisor } from './supervisor.ts';

const help = `Starts the whole gateway on this machine, without Docker, and stops it on Ctrl-C.

  npm run up

Settings come from .env, or from .env.example (the demo, with a local stand-in of Amazon Cognito); the environment
takes precedence. UP_DATA_DIR (default data) is the folder of the databases and generated keys.`;

const people = [
  ['alice', 'mcp-registry-admin', 'everything'],
  ['dave', 'mcp-registry-operator', 'list and call tools, switch servers on and off'],
  ['carol', 'mcp-registry-developer', 'list and call tools, register servers'],
  ['bob', 'mcp-registry-user', 'list and look'],
  ['erin', '(no group)', 'nothing'],
] as const;

const started = performance.now();
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const sink = createLineSink((line) => process.stdout.write(`${line}\n`), colour);
const supervisor = new Supervisor(sink);
let ending = false;

if (process.argv.length > 2) {
  console.log(help);
} else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0));
  // npm may be killed without a signal to this process; then the services would stay.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && void end(0), 500).unref();
  await run().catch((error) => end(1, error));
}

async function run(): Promise<void> {
  const { env } = readEnvFile(process.env);
  const ports = readPorts(env);
  await refuseTakenPorts(ports);
  const dataDir = env.UP_DATA_DIR || join(home, 'data');
  const stack = await startStack({ ports, dataDir, env, socket: gateSocket(ports.authServer), supervisor });
  console.log(welcome(stack, (performance.now() - started) / 1000));
  const warning = await askPublicAddress(stack);
  if (warning !== undefined) console.log(warning);
  await supervisor.died;
}

/** The gateway listens at the port of REGISTRY_URL. If that is https, a proxy listens there instead. */
function readPorts(env: NodeJS.ProcessEnv): Ports {
  const url = URL.parse(env.REGISTRY_URL ?? '');
  const ports = { ...defaultPorts };
  for (const name of portNames) ports[name] = Number(env[portVariables[name]]) || defaultPorts[name];
  return { ...ports, gateway: url?.protocol === 'http:' ? Number(url.port || 80) : defaultPorts.gateway };
}

async function refuseTakenPorts(ports: Ports): Promise<void> {
  const faults: string[] = [];
  for (const name of portNames) {
    const port = ports[name];
    if (!(await isPortTaken(port))) continue;
    const who = whoListens(port) ?? 'another program';
    faults.push(`Port ${port} is taken by ${who}. Stop it, or choose another port by ${portVariables[name]}.`);
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
}

async function end(code: number, error?: unknown): Promise<void> {
  if (ending) return;
  ending = true;
  await supervisor.stop();
  if (error !== undefined) console.error(`\n${explain(error)}`);
  process.exit(code);
}

function explain(error: unknown): string {
  if (!(error instanceof ServiceFailure)) return error instanceof Error ? error.message : String(error);
  const hint =
    'Its last lines above give the reason. All services were stopped; correct the fault and run "npm run up" again.';
  return `${error.message}.\n${hint}`;
}

/** Whether people reach the gateway at its public address, as well as one can tell from this machine. */
async function askPublicAddress({ publicUrl, ports }: Stack): Promise<string | undefined> {
  const problem = await fetch(`${publicUrl}/health`, { redirect: 'manual', signal: AbortSignal.timeout(5_000) }).then(
    ({ ok, status }) => (ok ? undefined : `it answers ${status}`),
    (error: Error & { cause?: Error }) => error.cause?.message || error.message,
  );
  if (problem === undefined) return undefined;
  return `Warning: ${publicUrl}/health cannot be asked from here: ${cleanText(problem)}.
nginx itself answers on 127.0.0.1:${ports.gateway}. This is no fault if a TLS terminator in front of it is not up yet, has a
certificate that only its clients trust, or cannot be reached from this machine.\n`;
}

/** What the commands need in another terminal, if this run is not at the usual addresses. */
function variablesFor({ publicUrl, standIn, ports }: Stack): string {
  const usual = defaultPorts;
  const gateway = publicUrl === `http://localhost:${usual.gateway}` ? [] : [`REGISTRY_URL=${publicUrl}`];
  const isMoved = standIn && ports.cognito !== usual.cognito;
  const pool = isMoved ? [`COGNITO_LOCAL_ENDPOINT=http://127.0.0.1:${ports.cognito}`] : [];
  return [...gateway, ...pool, ''].join(' ');
}

/** The text that is shown once the gateway is up. */
function welcome(stack: Stack, seconds: number): string {
  const { publicUrl, standIn } = stack;
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
    `    ${variablesFor(stack)}npm run -s call -- currenttime current_time_by_timezone '{"tz_name":"Asia/Tokyo"}'`,
    '',
  );
  return lines.join('\n');
}

import { createServer } from 'node:net';
import { examine } from '../../../operations/doctor/examine.ts';
import type { Finding } from '../../../operations/doctor/finding.ts';
import type { Setup } from '../../../operations/doctor/setup.ts';
import { freePorts } from '../gateway/gateway.ts';
import { AGENT, secretOf, WEB } from '../stand-in/cognito-fixture.ts';

const portVariables = [
  'AUTH_SERVER_PORT',
  'METRICS_PORT',
  'REGISTRY_PORT',
  'RELAY_PORT',
  'COGNITO_PORT',
  'CURRENTTIME_PORT',
  'MCPGW_PORT',
];

/** Settings of a gateway that is not running, on free ports, with a stand-in at `cognito`. */
export async function goodSettings(cognito: string, gateway = 'http://localhost:1'): Promise<Record<string, string>> {
  const ports = await freePorts(portVariables.length);
  return {
    ...Object.fromEntries(portVariables.map((name, i) => [name, String(ports[i])])),
    REGISTRY_URL: gateway,
    SECRET_KEY: 'f3b1c2d4e5f60718293a4b5c6d7e8f90',
    COGNITO_USER_POOL_ID: 'us-east-1_LocalPool',
    COGNITO_CLIENT_ID: WEB,
    COGNITO_CLIENT_SECRET: secretOf(WEB),
    COGNITO_ALLOWED_CLIENT_IDS: AGENT,
    COGNITO_LOCAL_ENDPOINT: cognito,
  };
}

/** Changes to {@link goodSettings}. An agent of `null` means no agent. */
export interface DoctorSetup {
  env?: Record<string, string>;
  agent?: Record<string, string> | null;
  groups?: string[];
}

/** Runs the doctor for a gateway with the stand-in at `cognito`. */
export async function diagnose(cognito: string, { env = {}, agent = {}, groups = [] }: DoctorSetup = {}) {
  const settings = { ...(await goodSettings(cognito)), ...env };
  const { COGNITO_USER_POOL_ID, COGNITO_LOCAL_ENDPOINT } = settings as Record<string, string>;
  const usual = { COGNITO_CLIENT_ID: AGENT, COGNITO_CLIENT_SECRET: secretOf(AGENT) };
  const agentEnv = agent && { COGNITO_USER_POOL_ID, COGNITO_LOCAL_ENDPOINT, ...usual, ...agent };
  const setup: Setup = { root: process.cwd(), env: settings, agentEnv: agentEnv ?? undefined, groups };
  const told: Finding[] = [];
  const findings = await examine(setup, '.env', (finding) => void told.push(finding));
  expect(told).toEqual(findings);
  return findings;
}

/** The findings of one check, each as one line of text. */
export function linesOf(findings: readonly Finding[], check: string): string {
  const own = findings.filter((finding) => finding.check === check);
  return own.map(({ state, seen, todo }) => `${state} ${seen} -> ${todo ?? ''}`).join('\n');
}

/** A port that another program uses. */
export async function takenPort(): Promise<{ port: string; release(): Promise<void> }> {
  const [port = 0] = await freePorts(1);
  const server = createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: String(port), release: () => new Promise((resolve) => server.close(() => resolve())) };
}

import { useEnvProxy } from '../../common/network/env-proxy.ts';
import { home } from '../../common/settings/values.ts';
import { collect, operatorCommand, print, runAsProgram } from '../command.ts';
import { examine } from './examine.ts';
import { jsonText, lineOf, summaryOf } from './print.ts';
import { readSetup } from './setup.ts';

const help = `Examines the settings, the user pool, the login, an agent, the policy and the running gateway. Changes nothing.

  npm run doctor
  npm run doctor -- --group my-team       would a person in this group get anything?
  npm run -s doctor -- --json             for programs

Settings come from .env, or from .env.example (the demo); the environment takes precedence. The agent's settings come from
agents/.env.agent; the check of the agent fetches one token, which Cognito bills.
Requests go only to the configured user pool and the gateway. No token, code or secret is printed.
Exit code: 0 nothing is broken, 1 at least one FAIL, 2 wrong use.`;

export const run = operatorCommand<{ json?: true; group?: readonly string[] }>(
  help,
  (command) => command.option('--json').option('--group <name>', '', collect),
  async ({ json, group = [] }, context) => {
    const { setup, file } = readSetup(home, context.env, group);
    const direct = useEnvProxy(setup.env);
    const colour = context.stdout.isTTY === true && !context.env.NO_COLOR;
    const findings = await examine(setup, file, (finding) => {
      if (!json) print(context, lineOf(finding, colour));
    }).finally(direct);
    print(context, json ? jsonText(findings) : `\n${summaryOf(findings)}`);
    return findings.some(({ state }) => state === 'FAIL') ? 1 : 0;
  },
);

if (import.meta.main) await runAsProgram(run);

import { parseArgs } from 'node:util';
import { explain } from '../../policy/review/explain.ts';
import { readAccess } from './access.ts';
import { type Outcome, runCommand } from './command.ts';
import { type Answer, asJson, asText } from './explain-text.ts';
import { CannotRun, defaultPolicyFile, readPolicyFile } from './files.ts';
import { readCaller } from './who.ts';

const help = `Says whether somebody may do something, and which rule of the policy says so.

  npm run -s explain -- --group mcp-registry-user --server currenttime --tool current_time_by_timezone
  npm run -s explain -- --scope mcp-servers-unrestricted/read --server notes --method tools/list
  npm run -s token | npm run -s explain -- --token - --server mcpgw --tool list_services

Who:   --group GROUP     a person in this group of Cognito (may stand several times)
       --scope SCOPE     an agent whose token has this scope (may stand several times)
       --token FILE      whoever this access token is for; its signature and expiry are not checked (- is standard input)
What:  --server NAME     the server
       --tool NAME, --prompt NAME or --resource URI
       --method METHOD   such as tools/list; tools/call, prompts/get and resources/read need not be said
How:   --file FILE       the policy (default: SCOPES_FILE, or scopes.yml)
       --json            the same as JSON
Exit code: 0 allowed, 1 denied, 2 wrong use or a file that cannot be read.`;

runCommand(help, run);

function run(args: string[]): Outcome {
  const { values } = parseArgs({
    args,
    options: {
      group: { type: 'string', multiple: true },
      scope: { type: 'string', multiple: true },
      token: { type: 'string' },
      server: { type: 'string' },
      method: { type: 'string' },
      tool: { type: 'string' },
      prompt: { type: 'string' },
      resource: { type: 'string' },
      file: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  if (!values.server) throw new CannotRun('--server is missing: which server is it about?');
  const access = readAccess(values);
  const file = values.file ?? defaultPolicyFile(process.env);
  const policy = readPolicyFile(file, process.env);
  const { caller, notes } = readCaller(policy, values, process.env);
  const explanation = explain(policy, caller.scopes, values.server, access);
  const answer: Answer = { file, policy, caller, notes, server: values.server, access, explanation };
  return { text: values.json ? asJson(answer) : asText(answer), code: explanation.decision.allowed ? 0 : 1 };
}

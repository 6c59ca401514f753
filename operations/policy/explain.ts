import { explain } from '../../policy/review/explain.ts';
import { CommandError, collect, operatorCommand, runAsProgram } from '../command.ts';
import { readAccess } from './access.ts';
import { type Answer, asJson, asText } from './explain-text.ts';
import { printPlain, readPolicyInForce } from './files.ts';
import { rightsAsJson, rightsAsText } from './rights-text.ts';
import { readCaller } from './who.ts';

const help = `Shows whether a caller may do something, and which rule of the policy decides it. Without --server: all that the caller may do.

  npm run -s explain -- --group mcp-registry-user --server currenttime --tool current_time_by_timezone
  npm run -s explain -- --group mcp-registry-user
  npm run -s explain -- --scope mcp-servers-unrestricted/read --server notes --method tools/list
  npm run -s token | npm run -s explain -- --token - --server mcpgw --tool list_services

Who:   --group GROUP     a person in this group of Cognito (may stand several times)
       --scope SCOPE     an agent whose token has this scope (may stand several times)
       --token FILE      the caller of this access token; its signature and expiry are not checked (- is standard input)
What:  --server NAME     the server, and on it:
       --tool NAME, --prompt NAME or --resource URI
       --method METHOD   such as tools/list; tools/call, prompts/get and resources/read need not be said
       --arguments JSON  the arguments of a call, such as '{"repo": "acme/support"}'
       --read-only       a person approved the tool as one that only reads (for hint: read-only)
How:   --file FILE       the policy (default: the one in force; with POLICY_EDITABLE=true the newest version in the database,
                         else SCOPES_FILE)
       --json            the answer as JSON
Exit code: 0 allowed, 1 denied or only under conditions, 2 wrong use or a file that cannot be read.`;

const lists = ['group', 'scope'] as const;
/** Without a server, these ask nothing. */
const about = ['method', 'tool', 'prompt', 'resource', 'arguments'] as const;
const values = ['token', 'server', ...about, 'file'] as const;
type Options = { [list in (typeof lists)[number]]?: readonly string[] } & {
  [value in (typeof values)[number]]?: string;
} & { json?: true; readOnly?: true };

export const run = operatorCommand<Options>(
  help,
  (command) => {
    for (const name of lists) command.option(`--${name} <name>`, '', collect);
    for (const name of values) command.option(`--${name} <value>`);
    return command.option('--read-only').option('--json');
  },
  async (options, context) => {
    const { server } = options;
    const access = server === undefined ? undefined : readAccess(options);
    if (!access && (options.readOnly || about.some((name) => options[name] !== undefined)))
      throw new CommandError('--server is missing: which server is it about?');
    const { file, policy } = await readPolicyInForce(options.file, context);
    const { caller, notes } = await readCaller(policy, options, context);
    if (server === undefined || !access) {
      const rights = { file, policy, caller, notes };
      printPlain(context, options.json ? rightsAsJson(rights) : rightsAsText(rights));
      return 0;
    }
    const readOnly = options.readOnly && access.object ? [access.object.name] : [];
    const tools = { readOnly: new Map([[server, new Set(readOnly)]]) };
    const explanation = explain(policy, caller.scopes, server, access, tools);
    const answer: Answer = { file, policy, caller, notes, server, access, explanation };
    printPlain(context, options.json ? asJson(answer) : asText(answer));
    return explanation.decision.allowed ? 0 : 1;
  },
);

if (import.meta.main) await runAsProgram(run);

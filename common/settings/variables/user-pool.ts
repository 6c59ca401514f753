import * as z from 'zod';
import { poolIdPattern } from '../../identity/cognito.ts';
import { origin } from '../../network/origin.ts';
import { setting } from '../setting.ts';
import { list } from '../values.ts';

const domain = z
  .string()
  .regex(/^(https:\/\/)?[a-z0-9][a-z0-9.-]*\/?$/, 'must be a domain prefix, or a host name such as login.example.com');

/** Amazon Cognito API Reference, ClientIdType. */
const clientIds = list.pipe(z.array(z.string().regex(/^[\w+]{1,128}$/, 'must be app client ids separated by commas')));

/** The settings of Amazon Cognito for the gateway and the agents ([cognito.md] shows where to find each value). */
export const userPoolSettings = {
  COGNITO_USER_POOL_ID: setting(
    z.string().regex(poolIdPattern, 'must look like us-east-1_ABC123DEF'),
    ['auth-server', 'up', 'agents'],
    { purpose: "the user pool; `us-east-1_LocalPool` is the stand-in's and is trusted on localhost only" },
  ),
  COGNITO_CLIENT_ID: setting(z.string(), ['auth-server', 'agents'], {
    purpose: 'the app client that people log in with; for an agent, its own app client',
  }),
  COGNITO_CLIENT_SECRET: setting(z.string().optional(), ['auth-server', 'agents'], {
    purpose: 'the secret of that app client; a public client has none. An agent needs one',
    secret: true,
  }),
  COGNITO_ALLOWED_CLIENT_IDS: setting(clientIds.default([]), ['auth-server'], {
    purpose: 'other app clients whose tokens are accepted, separated by commas: one for each agent',
  }),
  COGNITO_CLI_CLIENT_ID: setting(z.string().optional(), ['auth-server'], {
    purpose:
      'only for `mcp-gateway login` before 0.2.0: its app client, without a secret. A login made with it can be exchanged for a session. Its tokens are accepted only if it is also in `COGNITO_ALLOWED_CLIENT_IDS`',
    shownDefault: 'none: newer command lines need no app client',
  }),
  COGNITO_USERNAME_CLAIM: setting(z.string().optional(), ['auth-server'], {
    purpose:
      'the claim of the ID token that pages and logs show as the name of a person. It decides nothing, and MCP servers do not get it, because people may choose it; `email` counts only if the pool has verified it',
    shownDefault: '`preferred_username`, else `email`, else the user name',
  }),
  AWS_REGION: setting(z.string().optional(), ['auth-server'], {
    purpose: "must be the region in the pool's id; it is only checked",
    shownDefault: "from the pool's id",
  }),
  COGNITO_DOMAIN: setting(domain.optional(), ['auth-server', 'agents'], {
    purpose:
      "the pool's domain, as prefix or whole host name. Needed only if the pool's discovery document does not name it; `npm run doctor` compares the two",
  }),
  COGNITO_SCOPE: setting(z.string().optional(), ['agents'], {
    purpose: 'the scopes that the agent requests, separated by spaces. It goes into `agents/.env.agent`',
    shownDefault: 'all scopes of the app client',
  }),
  COGNITO_CLIENT_AUTH: setting(z.enum(['basic', 'post'], 'must be basic or post').default('basic'), ['agents'], {
    purpose: 'how `mcp-gateway` sends the secret of its app client: in the header (`basic`) or in the body (`post`)',
  }),
  COGNITO_LOCAL_ENDPOINT: setting(origin.default('http://127.0.0.1:9500'), ['auth-server', 'agents'], {
    purpose: 'the address of the local stand-in for the services; used only with its pool id',
  }),
};

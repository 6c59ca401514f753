import * as z from 'zod';
import { poolIdPattern } from '../identity/cognito.ts';
import { origin } from '../network/origin.ts';
import { setting } from './setting.ts';
import { list } from './values.ts';

/** Amazon Cognito, as the gateway and the agents know it ([cognito.md] says where each value is found). */
export const userPoolSettings = {
  COGNITO_USER_POOL_ID: setting(
    z.string().regex(poolIdPattern, 'must look like us-east-1_ABC123DEF'),
    ['auth-server', 'up', 'agents'],
    "the user pool; `us-east-1_LocalPool` is the stand-in's, believed on localhost only",
  ),
  COGNITO_CLIENT_ID: setting(
    z.string(),
    ['auth-server', 'agents'],
    "the app client that people log in with; for an agent, its own app client's",
  ),
  COGNITO_CLIENT_SECRET: setting(
    z.string().optional(),
    ['auth-server', 'agents'],
    'its secret; none for a public client. An agent needs one',
    { secret: true },
  ),
  COGNITO_ALLOWED_CLIENT_IDS: setting(
    list.default([]),
    ['auth-server'],
    'other app clients whose tokens count, separated by commas: one for each agent',
  ),
  COGNITO_CLI_CLIENT_ID: setting(
    z.string().optional(),
    ['auth-server', 'agents'],
    'the app client of the command line, without a secret: logins made with it can be exchanged for a session. `mcp-gateway login` takes it from there too, or else `COGNITO_CLIENT_ID` of `agents/.env.user`. Its tokens count only if `COGNITO_ALLOWED_CLIENT_IDS` names it too',
    { shownDefault: 'none: nothing is exchanged' },
  ),
  AWS_REGION: setting(z.string().optional(), ['auth-server'], "only checked: it must be the region in the pool's id", {
    shownDefault: "from the pool's id",
  }),
  COGNITO_DOMAIN: setting(
    z
      .string()
      .regex(
        /^(https:\/\/)?[a-z0-9][a-z0-9.-]*\/?$/,
        'must be a domain prefix, or a host name such as login.example.com',
      )
      .optional(),
    ['auth-server', 'agents'],
    "the pool's domain, as prefix or whole host name. Needed only where the pool's discovery document does not name it; `npm run doctor` says whether it is the same",
  ),
  COGNITO_SCOPE: setting(
    z.string().optional(),
    ['agents'],
    'scopes that the agent asks for, separated by spaces; goes into `agents/.env.agent`',
    { shownDefault: 'all that the app client has' },
  ),
  COGNITO_CLIENT_AUTH: setting(
    z.enum(['basic', 'post'], 'must be basic or post').default('basic'),
    ['agents'],
    'how the commands in `agents/` send the secret of their app client: in the header (`basic`) or in the body (`post`)',
  ),
  COGNITO_LOCAL_ENDPOINT: setting(
    origin.default('http://127.0.0.1:9500'),
    ['auth-server', 'agents'],
    'where the local stand-in answers the services; used with its pool id only',
  ),
};

import { join } from 'node:path';
import { agentEnvironment, explainTokenError, fetchAgentToken } from './token.ts';
import { noteFetch } from './token-times.ts';

const help = `Prints an access token of an agent (OAuth 2.0 client credentials at Amazon Cognito).

  npm run -s token
  curl -H "Authorization: Bearer $(npm run -s token)" …

Settings come from agents/.env.agent, or the demo's from agents/.env.agent.example; the environment counts first.
  COGNITO_USER_POOL_ID, COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET   of the agent's app client
  COGNITO_SCOPE            ask for these scopes only (default: all the app client has)
  COGNITO_LOCAL_ENDPOINT   where the local stand-in answers (default http://127.0.0.1:9500)`;

if (process.argv.length > 2) {
  console.log(help);
} else {
  try {
    const env = agentEnvironment(join(import.meta.dirname, '..'), process.env);
    console.log(await fetchAgentToken(env));
    const dataDir = env.UP_DATA_DIR || join(import.meta.dirname, '..', '..', 'data');
    const warning = noteFetch(join(dataDir, 'token-times.json'), env.COGNITO_CLIENT_ID ?? '', Date.now() / 1000);
    if (warning) console.error(warning);
  } catch (error) {
    console.error(explainTokenError(error));
    process.exitCode = 1;
  }
}

import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from '../listen.ts';

/** One answer of a provider: a status, a body, and headers. */
export interface ScriptedAnswer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

type Path = '/metadata' | '/token' | '/register' | '/revoke' | '/me' | '/resource';

/** A provider that answers as a test says, whatever it is asked. Paths without an answer have 404. */
export async function startScriptedProvider() {
  const answers: Partial<Record<Path, ScriptedAnswer>> = {};
  const seen: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const { port, close } = await listen(async (req, res) => {
    const path = req.url ?? '';
    seen.push({ path, headers: req.headers, body: await text(req) });
    const known: Record<string, Path> = {
      '/.well-known/oauth-authorization-server': '/metadata',
      '/.well-known/oauth-protected-resource/mcp': '/resource',
    };
    const answer = answers[known[path] ?? (path as Path)];
    const body = typeof answer?.body === 'string' ? answer.body : JSON.stringify(answer?.body ?? {});
    res
      .writeHead(answer?.status ?? (answer ? 200 : 404), { 'content-type': 'application/json', ...answer?.headers })
      .end(body);
  });
  const issuer = `http://127.0.0.1:${port}`;
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    code_challenge_methods_supported: ['S256'],
  };
  const good: Partial<Record<Path, ScriptedAnswer>> = {
    '/metadata': { body: metadata },
    '/register': { status: 201, body: { client_id: 'registered' } },
    '/token': { body: { access_token: 'access', token_type: 'Bearer', refresh_token: 'refresh', expires_in: 3_600 } },
    '/revoke': {},
  };
  return {
    issuer,
    metadata,
    seen,
    close,
    /** Answers well but for what is given. */
    answer(changes: typeof answers = {}) {
      for (const path of Object.keys(answers)) delete answers[path as Path];
      Object.assign(answers, structuredClone(good), changes);
      seen.length = 0;
    },
  };
}

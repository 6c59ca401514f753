import type { Registration } from '../../../auth-server/oauth/clients/client.ts';
import { DocumentError } from '../../../auth-server/oauth/clients/document-fetch.ts';
import { createDocuments, type DocumentsDeps } from '../../../auth-server/oauth/clients/documents.ts';
import type { DocumentStore, KeptDocument } from '../../../auth-server/oauth/store/documents.ts';
import { createLog } from '../../../common/service/log.ts';

/** Documents that were read, in memory. */
export function memoryDocuments(): DocumentStore & { kept: Map<string, KeptDocument> } {
  const kept = new Map<string, KeptDocument>();
  return {
    kept,
    find: async (url) => kept.get(url),
    keep: async (url, document) => void kept.set(url, document),
  };
}

/** Client metadata documents, of any host unless changed, and their log. Nothing can be fetched. */
export function documentsWith(change: Partial<DocumentsDeps> = {}) {
  const lines: string[] = [];
  const documents = createDocuments({
    fetch: () => Promise.reject(new DocumentError('there is no way out', true)),
    reachable: async () => false,
    store: memoryDocuments(),
    knownHosts: new Set(),
    anyHost: true,
    log: createLog('auth-server', 'debug', { write: (line) => void lines.push(line) }),
    ...change,
  });
  return { documents, lines };
}

/** Registrations as clients send them, with the redirect addresses of the real ones, and what is kept of each. */
export const realRegistrations: readonly [client: string, body: object, kept: Registration][] = [
  [
    'Claude Code 2.1',
    {
      client_name: 'Claude Code (currenttime)',
      redirect_uris: ['http://localhost:51234/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    { name: 'Claude Code (currenttime)', redirectUris: ['http://localhost:51234/callback'] },
  ],
  [
    'VS Code 1.139',
    {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
      scope: 'mcp',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    {
      name: 'Visual Studio Code',
      redirectUris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
    },
  ],
  [
    'Cursor',
    {
      client_name: 'Cursor',
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      code_challenge_method: 'S256',
      software_id: 'cursor',
    },
    {
      name: 'Cursor',
      redirectUris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
    },
  ],
  [
    'claude.ai',
    {
      client_name: 'Claude',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'claudeai mcp',
      contacts: 'support@anthropic.com',
    },
    { name: 'Claude', redirectUris: ['https://claude.ai/api/mcp/auth_callback'] },
  ],
  [
    'Gemini CLI 0.61',
    {
      client_name: 'Gemini CLI MCP Client',
      redirect_uris: ['http://localhost:45678/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'mcp',
    },
    { name: 'Gemini CLI MCP Client', redirectUris: ['http://localhost:45678/oauth/callback'] },
  ],
  [
    'Qwen Code 0.24',
    {
      client_name: 'Qwen Code MCP Client',
      redirect_uris: ['http://localhost:7777/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      code_challenge_method: ['S256'],
    },
    { name: 'Qwen Code MCP Client', redirectUris: ['http://localhost:7777/oauth/callback'] },
  ],
  [
    'opencode 1.18',
    {
      redirect_uris: ['http://127.0.0.1:19876/mcp/oauth/callback'],
      client_name: 'OpenCode',
      client_uri: 'https://opencode.ai',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    { name: 'OpenCode', redirectUris: ['http://127.0.0.1:19876/mcp/oauth/callback'] },
  ],
  [
    'mcp-remote 0.15',
    {
      redirect_uris: ['http://localhost:12345/oauth/callback'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      client_name: 'MCP CLI Proxy',
      client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
      software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
      software_version: '0.15.1',
    },
    { name: 'MCP CLI Proxy', redirectUris: ['http://localhost:12345/oauth/callback'] },
  ],
  [
    'Codex CLI 0.171, Copilot CLI 1.0 and Amp, which send the least',
    { client_name: 'Codex', redirect_uris: ['http://127.0.0.1:40001/callback'] },
    { name: 'Codex', redirectUris: ['http://127.0.0.1:40001/callback'] },
  ],
  [
    'MCP Inspector 2.12',
    {
      redirect_uris: ['http://127.0.0.1:6276/oauth/callback'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      client_name: 'MCP Inspector',
      client_uri: 'https://github.com/modelcontextprotocol/inspector',
      scope: 'mcp offline_access',
    },
    { name: 'MCP Inspector', redirectUris: ['http://127.0.0.1:6276/oauth/callback'] },
  ],
  [
    'the conformance suite and other clients of the SDK, with a web application',
    {
      redirect_uris: ['https://client.example/callback'],
      application_type: 'web',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: 'https://client.example/jwks',
    },
    { name: undefined, redirectUris: ['https://client.example/callback'] },
  ],
];

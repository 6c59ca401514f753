import type { RequestHandler } from 'express';
import { commandLine } from '../../common/identity/command-line.ts';
import { version } from '../../common/settings/version.ts';
import { serverNameForm } from '../../policy/names.ts';

/** What the metadata documents and challenges contain about this gateway. */
export interface MetadataSettings {
  publicUrl: string;
  /** Of the user pool. */
  issuer: string;
  /** Whether MCP clients log in at the gateway; with `OAUTH_CLIENTS=off` they find the user pool instead. */
  clientsLogIn: boolean;
}

/** The resources that have a document (RFC 8707): the endpoints of servers, the one for all of them, and the API. */
const resourcePath = new RegExp(`^/${serverNameForm}(/(mcp|sse))?$`);

/** The command line of 0.1.0 asks for the document without a path, and shows the message of a refusal with this code. */
const updateFirst = {
  code: 'identity_required',
  message: `There is no document without a path. If this is mcp-gateway: it is too old for this gateway. Update it to ${version} or newer, and log in again.`,
};

/** The scopes to ask for. Those of the user pool are the ones that every pool has: it refuses a login for an unknown one. */
export function announcedScopes({ clientsLogIn }: Pick<MetadataSettings, 'clientsLogIn'>): string[] {
  return clientsLogIn ? ['mcp'] : ['openid', 'email', 'profile'];
}

/**
 * OAuth 2.0 Protected Resource Metadata (RFC 9728), for each MCP endpoint and the registry's API: MCP clients find the
 * authorization server through it. Public, and readable from every origin; does not disclose which servers exist. There is
 * none for the bare origin, because no token is for all of it.
 */
export function createResourceMetadata(settings: MetadataSettings): RequestHandler {
  const { publicUrl, issuer, clientsLogIn } = settings;
  const scopes = announcedScopes(settings);
  return (req, res) => {
    // Also for the 404: a page that cannot read it cannot try the next address (RFC 9728 section 3.1).
    res.set('Access-Control-Allow-Origin', '*');
    const path = req.path.slice('/.well-known/oauth-protected-resource'.length).replace(/\/$/, '');
    if (path === commandLine.sessionPath) {
      // The command line looks here whether the gateway knows its login, and what its own address is.
      res.json({ resource: `${publicUrl}${path}`, authorization_servers: [publicUrl], bearer_methods_supported: [] });
      return;
    }
    if (!resourcePath.test(path)) {
      const error = path === '' ? updateFirst : { code: 'not_found', message: 'There is no such resource here.' };
      res.status(404).json({ error });
      return;
    }
    // Older command lines log people in at the pool, and check here that it is the gateway's.
    const servers = path === '/api' ? [publicUrl, issuer] : [publicUrl];
    // Clients fetch the document for each login, and REGISTRY_URL and the pool hardly ever change.
    res.set('Cache-Control', 'public, max-age=3600').json({
      resource: `${publicUrl}${path}`,
      authorization_servers: clientsLogIn ? servers : [issuer],
      scopes_supported: scopes,
      bearer_methods_supported: ['header'],
      resource_name: 'MCP Gateway Registry',
    });
  };
}

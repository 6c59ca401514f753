import type { RequestHandler } from 'express';
import { serverNameForm } from '../../policy/names.ts';

/** What the metadata document says of this gateway. */
export interface MetadataSettings {
  publicUrl: string;
  issuer: string;
}

const resourcePath = new RegExp(`^(/${serverNameForm}/(mcp|sse))?$`);

/** An hour: clients fetch the document for each login, and REGISTRY_URL and the pool hardly ever change. */
const cacheSeconds = 3600;

/**
 * OAuth 2.0 Protected Resource Metadata (RFC 9728), for the gateway and for each MCP endpoint: MCP clients find Cognito
 * through it. Open to everybody and every origin; says nothing about which servers exist. `scopes_supported` names only
 * what every user pool knows: Cognito refuses a whole login for one scope that it does not know.
 */
export function createResourceMetadata({ publicUrl, issuer }: MetadataSettings): RequestHandler {
  return (req, res) => {
    // Before the 404 too: a page that may not read it cannot go on to the next address (RFC 9728 section 3.1).
    res.set('Access-Control-Allow-Origin', '*');
    const path = req.path.slice('/.well-known/oauth-protected-resource'.length);
    if (!resourcePath.test(path)) {
      res.status(404).json({ error: { code: 'not_found', message: 'There is no such resource here.' } });
      return;
    }
    res.set('Cache-Control', `public, max-age=${cacheSeconds}`).json({
      resource: `${publicUrl}${path}`,
      authorization_servers: [issuer],
      scopes_supported: ['openid', 'email', 'profile'],
      bearer_methods_supported: ['header'],
      resource_name: 'MCP Gateway Registry',
    });
  };
}

import type { RequestHandler } from 'express';
import { serverNameForm } from '../../policy/names.ts';

/** What the metadata document contains about this gateway. */
export type MetadataSettings = Record<'publicUrl' | 'issuer', string>;

const resourcePath = new RegExp(`^(/${serverNameForm}(/(mcp|sse))?)?$`);

/**
 * OAuth 2.0 Protected Resource Metadata (RFC 9728), for the gateway and for each MCP endpoint: MCP clients find Cognito
 * through it. Public, and readable from every origin; does not disclose which servers exist. `scopes_supported` lists only
 * scopes that every user pool has: Cognito rejects the whole login if one scope is unknown to it.
 */
export function createResourceMetadata({ publicUrl, issuer }: MetadataSettings): RequestHandler {
  return (req, res) => {
    // Also for the 404: a page that cannot read it cannot try the next address (RFC 9728 section 3.1).
    res.set('Access-Control-Allow-Origin', '*');
    const path = req.path.slice('/.well-known/oauth-protected-resource'.length).replace(/\/$/, '');
    if (!resourcePath.test(path)) {
      res.status(404).json({ error: { code: 'not_found', message: 'There is no such resource here.' } });
      return;
    }
    // Clients fetch the document for each login, and REGISTRY_URL and the pool hardly ever change.
    res.set('Cache-Control', 'public, max-age=3600').json({
      resource: `${publicUrl}${path}`,
      authorization_servers: [issuer],
      scopes_supported: ['openid', 'email', 'profile'],
      bearer_methods_supported: ['header'],
      resource_name: 'MCP Gateway Registry',
    });
  };
}

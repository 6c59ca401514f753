import type { RequestHandler } from 'express';
import type { Catalogue } from '../access/catalogue.ts';
import { personOf } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Icons } from './icons.ts';

/**
 * `GET /icons/:hash`: an icon that this registry has, to people who may see a server with this icon. Otherwise the hash of a
 * well-known picture would tell which servers are registered. It only reads: icons are fetched in the background.
 */
export function serveIcon(icons: Pick<Icons, 'find'>, catalogue: Catalogue): RequestHandler<{ hash: string }> {
  return (req, res) => {
    const person = personOf(req);
    const found = icons.find(req.params.hash);
    if (!found?.servers.some((server) => catalogue.get(person, server)))
      throw new RegistryError('not_found', 'There is no icon at this address.');
    res.set({
      'Cache-Control': 'private, max-age=31536000, immutable',
      // The bytes are a server's own. Opened as a page, they may not do anything.
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Content-Type': found.picture.type,
      'X-Content-Type-Options': 'nosniff',
    });
    res.send(found.picture.bytes);
  };
}

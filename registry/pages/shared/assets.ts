import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { Router } from 'express';

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const installed = createRequire(import.meta.url);

const folder = join(import.meta.dirname, '..', 'public');
/**
 * Files from npm packages, by their name here. Pages load nothing from other hosts. htmx and its extension are one script:
 * htmx reads the page by a timer after its own script, and a page whose extension loads later never gets live updates.
 */
const libraries: Readonly<Record<string, readonly string[]>> = {
  'htmx.js': ['htmx.org/dist/htmx.min.js', 'htmx.org/dist/ext/hx-sse.min.js'].map((file) => installed.resolve(file)),
};

export type Assets = ReturnType<typeof loadAssets>;

/**
 * Reads the files in `public/` once, and serves them with a hash of the content in the name: `/static/base.css` is
 * `/static/base.1f0c….css`.
 * @throws if a file's extension has no content type here
 */
export function loadAssets() {
  const router = Router({ caseSensitive: true, strict: true });
  const hrefs = new Map<string, string>();
  const own = readdirSync(folder).map((file) => [file, [join(folder, file)]] as const);
  for (const [file, paths] of [...own, ...Object.entries(libraries)]) {
    const extension = extname(file);
    const type = types[extension];
    if (!type) throw new Error(`${file}: no content type is known for "${extension}"`);
    const body = Buffer.concat(paths.flatMap((path) => [readFileSync(path), Buffer.from('\n')]));
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    const hashed = `${file.slice(0, -extension.length)}.${hash}${extension}`;
    hrefs.set(file, `/static/${hashed}`);
    serve(router, `/${hashed}`, 'private, max-age=31536000, immutable', hash, type, body);
    // Requests that do not come from our pages, such as for a bookmark's icon, use the plain name.
    serve(router, `/${file}`, 'private, no-cache', hash, type, body);
  }
  return {
    /** The address of a file, for a page. */
    href(file: string): string {
      const href = hrefs.get(file);
      if (!href) throw new Error(`${file} is not in ${folder}`);
      return href;
    },
    router,
  };
}

function serve(router: Router, path: string, caching: string, hash: string, type: string, body: Buffer): void {
  router.get(path, (_req, res) => {
    // Private: an identity is required to get here, so no shared cache may pass it on.
    res.set({ 'Cache-Control': caching, ETag: `"${hash}"`, 'Content-Type': type }).send(body);
  });
}

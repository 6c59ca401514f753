import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { RequestHandler } from 'express';

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The static imports of a module, which begin with `./` and a name. */
const imports = /^(import .*? from )'\.\/([\w.-]+)'/gm;

/** Best first. Node's default levels are the slowest and smallest: a file is compressed once. */
const encodings = { br: promisify(brotliCompress), gzip: promisify(gzip) };
const names = ['br', 'gzip'] as const;

export type StaticFiles = ReturnType<typeof createStaticFiles>;

/** The files of a folder by their names, for {@link createStaticFiles}. */
export function filesIn(folder: string): Map<string, readonly string[]> {
  return new Map(readdirSync(folder).map((file) => [file, [join(folder, file)]]));
}

/**
 * Reads the files that pages load, once, and serves each under a name with a hash of its content: `base.css` is
 * `base.1f0c….css`. Browsers keep that one for ever. The plain name is for what cannot know the hash, such as a bookmark's icon.
 *
 * The answers are compressed. This is safe for files, which hold no secret; never do it for an answer that does (BREACH,
 * CVE-2013-3587).
 * @param mount the path of the router, such as `/static`
 * @param files the paths whose contents make up each file
 * @throws if a file's extension has no content type here
 */
export function createStaticFiles(mount: string, files: ReadonlyMap<string, readonly string[]>) {
  const answers = new Map<string, RequestHandler>();
  const hrefs = new Map<string, string>();
  /** Adds a file, after those that it imports: a module names the others by their hashes too. */
  const add = (file: string): string => {
    const known = hrefs.get(file);
    if (known) return known;
    const extension = extname(file);
    const type = types[extension];
    if (!type) throw new Error(`${file}: no content type is known for "${extension}"`);
    const paths = files.get(file);
    if (!paths) throw new Error(`There is no file ${file} for ${mount}.`);
    const text = paths.map((path) => `${readFileSync(path, 'utf8')}\n`).join('');
    const named = extension === '.js' ? text.replace(imports, (_, from, other) => `${from}'${add(other)}'`) : text;
    const body = Buffer.from(named);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    const hashed = `${file.slice(0, -extension.length)}.${hash}${extension}`;
    const href = `${mount}/${hashed}`;
    hrefs.set(file, href);
    const send = sender(type, hash, body);
    // Public: the files are the same for everyone, and published with the source.
    answers.set(`/${hashed}`, send('public, max-age=31536000, immutable'));
    answers.set(`/${file}`, send('public, max-age=3600'));
    return href;
  };
  for (const file of files.keys()) add(file);
  // Not a router of Express: what only names the files, in pages, starts without Express.
  const router: RequestHandler = (req, res, next) => {
    const answer = req.method === 'GET' || req.method === 'HEAD' ? answers.get(req.path) : undefined;
    return answer ? answer(req, res, next) : next();
  };
  return {
    /** The address of a file, for a page. */
    href(file: string): string {
      const href = hrefs.get(file);
      if (!href) throw new Error(`There is no file ${file} for ${mount}.`);
      return href;
    },
    router,
  };
}

/** Compresses at the first request, not at the start: a quarter of a second for all files, which most starts in tests do not need. */
function sender(type: string, hash: string, body: Buffer): (caching: string) => RequestHandler {
  const compressed = new Map<string, Promise<Buffer>>();
  return (caching) => async (req, res) => {
    const encoding = names.find((name) => req.acceptsEncodings(name));
    res.set({ 'Cache-Control': caching, 'Content-Type': type, Vary: 'Accept-Encoding' });
    if (!encoding) return void res.set('ETag', `"${hash}"`).send(body);
    const small = compressed.get(encoding) ?? encodings[encoding](body);
    compressed.set(encoding, small);
    // Each encoding is another representation, and needs its own tag (RFC 9110, 8.8.3.3).
    res.set({ 'Content-Encoding': encoding, ETag: `"${hash}-${encoding}"` }).send(await small);
  };
}

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createStaticFiles, filesIn, type StaticFiles } from '../../../common/service/static-files.ts';

const installed = createRequire(import.meta.url);

/**
 * Files from npm packages, by their name here. Pages load nothing from other hosts. htmx and its extension are one script:
 * htmx reads the page by a timer after its own script, and a page whose extension loads later never gets live updates.
 */
const libraries: Readonly<Record<string, readonly string[]>> = {
  'htmx.js': ['htmx.org/dist/htmx.min.js', 'htmx.org/dist/ext/hx-sse.min.js'].map((file) => installed.resolve(file)),
};

export type Assets = StaticFiles;

/** The files that the pages load: those of `public/`, of the page that tries a tool, and of libraries. */
export function loadAssets(): Assets {
  const own = ['public', 'try/public'].flatMap((folder) => [...filesIn(join(import.meta.dirname, '..', folder))]);
  return createStaticFiles('/static', new Map([...own, ...Object.entries(libraries)]));
}

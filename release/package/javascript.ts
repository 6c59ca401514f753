import { stripTypeScriptTypes } from 'node:module';

const relativeModule = /(['"])(\.{1,2}\/[^'"\n]+)\.ts\1/g;

/**
 * Makes JavaScript of a module, as Node itself does when it runs one: types become white space, so lines and columns stay. Paths
 * of modules beside it are changed from `.ts` to `.js`.
 * @throws {SyntaxError} if it is no TypeScript of which types can be stripped
 */
export function javascriptOf(source: string): string {
  return stripTypeScriptTypes(source).replace(relativeModule, '$1$2.js$1');
}

/**
 * Names commands as they are called without a checkout: `npm run -s call -- x` becomes `mcp-gateway call x`.
 * @param names of the commands; other npm scripts are left alone
 */
export function withoutNpm(text: string, names: readonly string[]): string {
  const script = new RegExp(
    `npm run (?:-s )?(?:mcp-gateway -- )?(${names.join('|')})(?![\\w-]|:\\w)(?: --(?![\\w-]))?`,
    'g',
  );
  return text.replace(script, 'mcp-gateway $1');
}

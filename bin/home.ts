import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Each release replaces these. The operator's own files are beside them, without `.example`. */
const templates = ['.env.example', 'agents/.env.agent.example', 'agents/.env.user.example'];
/** The operator changes these; a release leaves them alone. */
const firsts = ['scopes.yml'];

/**
 * Makes the operator's folder, and puts into it what the operator may want to read or change.
 * @param source the folder of what ships
 * @throws what writing throws
 */
export function prepareHome(home: string, source: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  for (const file of templates) if (isOther(join(home, file), join(source, file))) copy(file, home, source);
  for (const file of firsts) if (!existsSync(join(home, file))) copy(file, home, source);
}

function isOther(path: string, shipped: string): boolean {
  return !existsSync(path) || !readFileSync(path).equals(readFileSync(shipped));
}

/** Two commands may start at once, and none may read half a file. */
function copy(file: string, home: string, source: string): void {
  const to = join(home, file);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(source, file), `${to}.${process.pid}`);
  renameSync(`${to}.${process.pid}`, to);
}

import { type RegisteredServer, type ServerSettings, settingsOf } from '../servers/server.ts';
import { differences, type ServerChange } from '../store/change-log.ts';

const longestValue = 200;

/** What an import makes of a server that is here already. */
export interface Merged {
  next: ServerSettings;
  /** What changes, for the person: `version: "1.0.0" becomes "1.1.0"`. */
  changes: string[];
  /** Fields that differ from what was published, and were changed here by hand. */
  kept: string[];
}

/**
 * Takes what was published since the last import. A field that a person has changed here keeps its value.
 * @param published the settings of the entry
 * @param given the fields that the entry has; others are defaults and change nothing
 * @param history the changes of the server, newest first
 */
export function merge(
  server: RegisteredServer,
  published: ServerSettings,
  given: readonly string[],
  history: readonly ServerChange[],
): Merged {
  const now = settingsOf(server);
  const imported = importedFields(server, history);
  const differing = Object.keys(differences(now, published)).filter((field) => given.includes(field));
  const taken = differing.filter((field) => imported.has(field));
  const next = {
    ...now,
    ...Object.fromEntries(taken.map((field) => [field, published[field as keyof ServerSettings]])),
  };
  const changes = Object.entries(differences(now, next)).map(
    ([field, { from, to }]) => `${field}: ${shown(from)} becomes ${shown(to)}`,
  );
  return { next, changes, kept: differing.filter((field) => !imported.has(field)) };
}

/** Whether a server came from an import, so that the next import may update it. */
export function isImported(history: readonly ServerChange[]): boolean {
  const last = history.find(({ action }) => action === 'import' || action === 'register' || action === 'seed');
  return last?.action === 'import';
}

/** The fields whose last change came from an import. Before there were such changes, an import was a registration. */
function importedFields({ alias }: RegisteredServer, history: readonly ServerChange[]): Set<string> {
  const lastOf = new Map<string, ServerChange['action']>();
  for (const { action, fields } of history) {
    for (const field of Object.keys(fields)) if (!lastOf.has(field)) lastOf.set(field, action);
    if (action === 'import' || action === 'register' || action === 'seed') {
      // Fields that were empty then are not in the log.
      for (const field of fieldNames) if (!lastOf.has(field)) lastOf.set(field, action);
      break;
    }
  }
  const isOurs = (action: string) =>
    action === 'import' || action === 'update' || (action === 'register' && alias !== null);
  return new Set([...lastOf].filter(([, action]) => isOurs(action)).map(([field]) => field));
}

const fieldNames = [
  ...['title', 'description', 'upstream', 'transports', 'tags', 'version', 'repository', 'license', 'icons'],
  ...['forward_headers', 'members'],
];

function shown(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

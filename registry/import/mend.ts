import type * as z from 'zod';
import { isMark } from '../servers/file-mark.ts';
import { serverSettings } from '../servers/server-input.ts';

type Settings = Readonly<Record<string, unknown>> & { name: string };

const { title, description, tags, version, repository, license, icons } = serverSettings.shape;
const longest = { title: 100, description: 500 } as const;

/**
 * Mends what only decorates a server, so that it does not stop an import: shortens texts, and leaves out what cannot be kept.
 * @param settings a server to register, not validated yet
 * @returns the settings, and a hint for each thing that differs from the entry
 */
export function mend(settings: Settings): { settings: Settings; hints: string[] } {
  const hints: string[] = [];
  const mended: Record<string, unknown> = { ...settings };
  const text = (field: keyof typeof longest, shape: z.ZodType, fallback: string) => {
    if (shape.safeParse(mended[field]).success) return;
    const given = typeof mended[field] === 'string' ? mended[field].replace(/[\p{C}\p{Z}]+/gu, ' ').trim() : '';
    const short = [...given].slice(0, longest[field]).join('').slice(0, longest[field]).trim();
    mended[field] = shape.safeParse(short).success ? short : fallback;
    hints.push(`Its ${field} was ${given === '' ? 'missing' : 'shortened'}: change it if you like.`);
  };
  text('title', title, settings.name);
  text('description', description, String(mended.title));
  for (const [field, shape] of Object.entries({ version, repository, license })) {
    if (shape.safeParse(mended[field]).success) continue;
    mended[field] = null;
    hints.push(`Its ${field} was left out: it cannot be kept as it is written.`);
  }
  for (const [field, shape, most] of [
    ['icons', icons, 10],
    ['tags', tags, 20],
  ] as const) {
    if (shape.safeParse(mended[field]).success) continue;
    const given: unknown[] = Array.isArray(mended[field]) ? mended[field] : [];
    mended[field] = given.filter((each) => shape.safeParse([each]).success).slice(0, most);
    hints.push(`Some of its ${field} were left out: they cannot be kept as they are written.`);
  }
  const kept = mended.tags as readonly string[] | undefined;
  if (kept?.some(isMark)) {
    mended.tags = kept.filter((tag) => !isMark(tag));
    hints.push('Its tags from:… were left out: mcp-gateway apply gives them to servers that files made.');
  }
  return { settings: mended as Settings, hints };
}

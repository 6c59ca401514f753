/** An icon as MCP describes it (2025-11-25, `Icon`). All of it is the server's own text. */
interface AnnouncedIcon {
  src: string;
  mimeType?: string | undefined;
  /** Such as `48x48`, or `any`. */
  sizes?: readonly string[] | undefined;
  theme?: string | undefined;
}

/** The most bytes that an icon may have. Real ones have 2 to 20 kB. */
export const mostIconBytes = 64 * 1024;

const mostIcons = 32;
const longestUrl = 2_048;
/** As base64, with `data:image/jpeg;base64,` before it. */
const longestData = Math.ceil(mostIconBytes / 3) * 4 + 32;
const pictures = /^image\/(png|jpe?g|webp)$/i;
const dataUri = /^data:image\/(?:png|jpe?g|webp);base64,/i;
/** The largest tile has 44 px; screens show two dots for each. */
const wantedSide = 96;

/**
 * Chooses the icon of a server that the pages can use best: a PNG, JPEG or WebP, for any theme if there is one, of about
 * 96 pixels.
 * @returns its address (`http:`, `https:`) or the whole of it (`data:`); undefined if there is none
 */
export function iconSource(icons: readonly AnnouncedIcon[] | undefined): string | undefined {
  const usable = (icons ?? []).slice(0, mostIcons).filter(isUsable);
  const [best] = usable.sort((a, b) => themeRank(a) - themeRank(b) || offSize(a) - offSize(b));
  return best?.src;
}

function isUsable({ src, mimeType }: AnnouncedIcon): boolean {
  if (mimeType !== undefined && !pictures.test(mimeType)) return false;
  if (src.startsWith('data:')) return src.length <= longestData && dataUri.test(src);
  if (src.length > longestUrl) return false;
  const url = URL.parse(src);
  return url !== null && /^https?:$/.test(url.protocol) && !/\.(svg|ico|gif)$/i.test(url.pathname);
}

function themeRank({ theme }: AnnouncedIcon): number {
  return theme === undefined ? 0 : theme === 'light' ? 1 : 2;
}

/** How far the size that fits best is from the wanted one. Without a size, an icon counts as fitting. */
function offSize({ sizes = [] }: AnnouncedIcon): number {
  const sides = sizes.slice(0, mostIcons).flatMap((size) => {
    const side = /^(\d{1,5})x\d{1,5}$/i.exec(size)?.[1];
    return side === undefined ? [] : [Math.abs(Number(side) - wantedSide)];
  });
  return sides.length > 0 ? Math.min(...sides) : 0;
}

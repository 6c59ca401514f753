import type { Client } from '@modelcontextprotocol/client';

/** An icon that a server announces. */
interface AnnouncedIcon {
  src: string;
  mimeType?: string | undefined;
  sizes?: readonly string[] | undefined;
}

/**
 * What a server says of itself besides what is stored (MCP 2025-11-25, "Implementation"), to fill in a form that a person
 * reviews. All of it is the server's own and not to be trusted.
 */
export interface Introduction {
  description: string | null;
  icons: readonly AnnouncedIcon[];
}

const longestDescription = 2_000;
const mostIcons = 10;
/** The longest address of an icon that a server may be registered with. `data:` addresses are longer. */
const longestIcon = 255;

/** Reads the introduction of a server after the handshake, cut to what a form can take. */
export function introductionOf(client: Client): Introduction {
  const { description, icons = [] } = client.getServerVersion() ?? {};
  return {
    description: description?.slice(0, longestDescription) ?? null,
    icons: icons
      .filter(({ src }) => src.length <= longestIcon)
      .slice(0, mostIcons)
      .map(({ src, mimeType, sizes }) => ({ src, mimeType, sizes: sizes?.slice(0, mostIcons) })),
  };
}

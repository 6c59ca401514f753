/** The endpoint of a server that a client is told about: that of its newest transport. */
export interface Target {
  /** The server's name. No shell and no file needs quotes for it. */
  name: string;
  url: string;
  transport: 'http' | 'sse';
}

/** How a person connects one MCP client. Texts are Markdown, with code and bold words only. */
export interface McpClient {
  id: string;
  title: string;
  icon: 'terminal' | 'editor' | 'screen' | 'link' | 'agent';
  /** The version whose syntax this is; undefined if there is none to see. */
  version?: string;
  /** The host of its client metadata document; undefined if it always registers. */
  documentHost?: string;
  /** Whether it speaks the older transport. */
  speaksSse: boolean;
  /** Where the text goes. */
  where: string;
  /** What is copied: a line, a file, or the address. */
  text: (target: Target) => string;
  /** An address that opens the client, which then asks whether to add the server. */
  link?: (target: Target) => string;
  /** How the browser opens for the login. */
  login: (target: Target) => string;
}

/** JSON as people write it in files. */
export const file = (value: unknown): string => JSON.stringify(value, null, 2);

export const runLine = 'Run this line in a terminal.';
export const opensBrowser = 'The line opens your browser.';

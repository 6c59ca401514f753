const longest = 160;

/** Text for the report: shortened, without tokens, cookies, codes, passwords and control characters. */
export function forShow(text: string): string {
  const safe = text
    .replace(/^(authorization|cookie|x-mcp-assertion|x-mcp-delegation|x-relay):.*$/gim, '$1: …')
    .replace(/eyJ[\w-]+(\.[\w-]*)*/g, 'eyJ…')
    .replace(/mgt_[\w-]+/gi, 'mgt_…')
    .replace(/\b(code|state|token|access_token|refresh_token|code_verifier|password)=[^&\s]+/g, '$1=…')
    .replace(/"(access_token|refresh_token)":"[^"]*"/g, '"$1":"…"')
    .replace(/[^ -~…]/g, (c) => (c === '\n' ? '⏎' : c === '\r' ? '' : '·'));
  return safe.length > longest ? `${safe.slice(0, longest)}…` : safe;
}

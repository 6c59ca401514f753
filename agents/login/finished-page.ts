import { createHash } from 'node:crypto';

const style = `:root{color-scheme:light dark}body{margin:0;padding:14vh 16px 16px;font:16px/24px system-ui,sans-serif;background:light-dark(#f6f7f9,#14161a);color:light-dark(#1a1d21,#e8eaed)}main{max-width:400px;margin:0 auto;padding:32px;background:light-dark(#fff,#1d2026);border:1px solid light-dark(#dfe3e8,#343943);border-radius:8px;overflow-wrap:break-word}h1{margin:0 0 8px;font-size:24px;line-height:32px;font-weight:600}p{margin:0}`;

/** The page loads and runs nothing. It sends no Referer, because its address contains the login's code. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
} as const;

/** The last page that the browser shows. */
export function finishedPage({ title, text }: { title: string; text: string }): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><title>${escaped(title)} · MCP Gateway Registry</title><style>${style}</style></head>
<body><main><h1>${escaped(title)}</h1><p>${escaped(text)}</p></main></body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

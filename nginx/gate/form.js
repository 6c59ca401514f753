// Gives a form back to the person who sent it, when the gateway cannot say who they are: nothing they typed is lost.
// nginx asks only for forms that our own pages have sent (maps.conf). A form of another site, shown here, could be sent again
// as one of our own.

import qs from 'querystring';

/** More fields than any form of ours has: an approval names each tool. */
const mostFields = 1100;
/** Fields that may hold a secret. They are not written into a page, but typed again. */
const secret = /pass|secret|token|credential|api_?key/i;

const page = (title, body) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · MCP Gateway Registry</title>
<link rel="icon" href="/-/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/-/page.css">
</head>
<body class="bare">
<main>
<div class="door">
<p class="product"><img class="logo" src="/-/icon.svg" alt="" width="24" height="24"><span>MCP Gateway</span></p>
<div class="card">
<h1>${title}</h1>
${body}
</div>
</div>
</main>
</body>
</html>
`;

const csp =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const signedOut = {
  title: 'You are signed out',
  lines: [
    'Your session ended before the form arrived, so nothing was saved. This page keeps what you typed: leave it open.',
    '<a href="/login" target="_blank" rel="noopener">Sign in, in another tab</a>. Then come back and send the form again.',
  ],
};
const unavailable = {
  title: 'Not available at the moment',
  lines: [
    'A part of the gateway does not answer, so the form may not have been saved. This page keeps what you typed: leave it open.',
    'Send it again in a moment. If that does not help, tell an administrator.',
  ],
};

/** Answers with a page that holds the fields of the form that this request brought, and sends them to the same address. */
function giveBack(r) {
  const status = r.variables.given_back_status === '401' ? 401 : 503;
  const why = status === 401 ? signedOut : unavailable;
  const fields = fieldsOf(r.requestText || '');
  const again = fields.filter((field) => field.value !== '' && secret.test(field.name));
  const held = fields.filter((field) => again.indexOf(field) < 0);
  const body = [
    why.lines.map((line) => `<p>${line}</p>`).join(''),
    `<form method="post" action="${escape(r.variables.request_uri)}">`,
    held.map((field) => `<input type="hidden" name="${escape(field.name)}" value="${escape(field.value)}">`).join(''),
    again.length > 0 ? '<p>This may be a secret, so the page does not keep it. Type it again:</p>' : '',
    again.map((field) => typedAgain(escape(field.name))).join(''),
    '<button class="primary full">Send the form again</button></form>',
  ];
  r.headersOut['Content-Type'] = 'text/html; charset=utf-8';
  r.headersOut['Cache-Control'] = 'no-store';
  r.headersOut['X-Frame-Options'] = 'DENY';
  r.headersOut['X-Content-Type-Options'] = 'nosniff';
  r.headersOut['Referrer-Policy'] = 'same-origin';
  r.headersOut['Content-Security-Policy'] = csp;
  r.return(status, page(why.title, body.join('\n')));
}

function typedAgain(name) {
  return `<div class="field"><label for="${name}">${name}</label><input id="${name}" name="${name}" required autocomplete="off"></div>`;
}

/** The fields, each value of a name that comes several times. */
function fieldsOf(body) {
  const read = qs.parse(body, '&', '=', { maxKeys: mostFields });
  const fields = [];
  for (const name in read) [].concat(read[name]).forEach((value) => fields.push({ name: name, value: value }));
  return fields;
}

/** `&` first. */
const marks = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ['\r', '&#13;'],
  ['\n', '&#10;'],
];

/** Not with `replace`: njs takes ten seconds for 80,000 marks, and holds up everyone. */
function escape(text) {
  return marks.reduce((escaped, mark) => escaped.split(mark[0]).join(mark[1]), String(text));
}

export default { giveBack };

// What the pages of nginx load. It is part of nginx's configuration, so that the page that says that the auth-server is down has it
// too: a worker of nginx may be another user, who cannot read files here. A test compares it with the auth-server's.

const css = `/* The part of registry/pages/public/design.css that the pages before a sign-in need: nothing of the registry can be loaded
   without one. A test compares the two. */
:root {
  color-scheme: light dark;

  /* Ground, from back to front */
  --page: light-dark(#fbfbfc, #0d1014);
  --surface: light-dark(#ffffff, #13171c);
  --raised: light-dark(#ffffff, #171c22);
  --sunken: light-dark(#f4f5f7, #1f252d);
  --lifted: light-dark(#ffffff, #303843);
  --hover: light-dark(#f7f8fa, #171c22);
  /* Lines: between rows, around what is pressed, around what is filled in (3:1) */
  --line: light-dark(#e8eaee, #242a32);
  --line-strong: light-dark(#d2d7de, #39414d);
  --line-input: light-dark(#8a92a0, #6d7786);
  /* Words */
  --text: light-dark(#15181e, #e9ecf0);
  --text-quiet: light-dark(#5a6372, #9ba5b3);
  /* The accent: links in text, the one primary button, focus, what is chosen, charts */
  --accent: light-dark(#1f5bcc, #86aeff);
  --accent-fill: light-dark(#1f5bcc, #2f66d8);
  /* Twice the same: a browser without light-dark() then shows the text of a button, which has no colour, in black */
  --on-accent: light-dark(#ffffff, #ffffff);
  /* States. Never alone: a shape and a word go with them. */
  --good: light-dark(#15783f, #4dc488);
  --wait: light-dark(#8a5700, #e5b04c);
  --bad: light-dark(#bf2a20, #ff8f84);
  /* A breath of a state behind words */
  /* The same, in charts (3:1) */
  --ink: light-dark(#4a7fe0, #6d9bf5);
  --ink-wait: light-dark(#c8820f, #e5b04c);
  --ink-bad: light-dark(#d6453a, #ff8f84);
  --ink-good: light-dark(#58a777, #3f9a6c);
  --accent-tint: light-dark(#eff4fe, #15213a);
  --good-tint: light-dark(#ecf8f0, #12261c);
  --wait-tint: light-dark(#fef6e4, #2a2113);
  --bad-tint: light-dark(#fdf0ee, #2e1a1a);

  --shadow-small: 0 1px 2px light-dark(rgb(16 24 40 / 5%), rgb(0 0 0 / 30%));
  --shadow-large: 0 0 0 1px var(--line-strong), 0 16px 48px -8px light-dark(rgb(16 24 40 / 22%), rgb(0 0 0 / 70%));

  /* 4 px grid */
  --space-1: 4px;
  --space-2: 8px;
  --space-3: 12px;
  --space-4: 16px;
  --space-6: 24px;
  --space-8: 32px;
  --space-12: 48px;
  --radius: 10px;
  --radius-small: 6px;

  --sans: Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  --mono: ui-monospace, SFMono-Regular, "JetBrains Mono", Menlo, Consolas, "Liberation Mono", monospace;
}

/* What a person chose in the menu counts more than the system's setting. */
:root[data-theme="light"],
:root:has([name="theme"][value="light"]:checked),
.light {
  color-scheme: light;
}

:root[data-theme="dark"],
:root:has([name="theme"][value="dark"]:checked),
.dark {
  color-scheme: dark;
}

*, *::before, *::after { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--page);
  color: var(--text);
  font: 14px / 20px var(--sans);
  overflow-wrap: break-word;
  -webkit-text-size-adjust: 100%;
}
h1, h2, h3, h4, p, dl, dd, ul, ol, figure, pre, fieldset, legend { margin: 0; padding: 0; border: 0; min-width: 0; }
ul, ol { list-style: none; }
h1 { font-size: 22px; line-height: 28px; font-weight: 600; letter-spacing: -0.02em; overflow-wrap: break-word; }
h2 { font-size: 15px; line-height: 20px; font-weight: 600; letter-spacing: -0.006em; }
a { color: var(--accent); text-decoration-color: color-mix(in srgb, currentcolor 45%, transparent); text-underline-offset: 3px; }
a:hover { text-decoration-color: currentcolor; }
small, .small { font-size: 13px; }
code, pre, kbd { font-family: var(--mono); font-size: 12.5px; font-variant-ligatures: none; }
code { overflow-wrap: anywhere; }
pre { padding: var(--space-3); border-radius: var(--radius-small); background: var(--sunken); line-height: 20px; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 2; }
.quiet { color: var(--text-quiet); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: var(--radius-small); }
[hidden] { display: none !important; }
/* What only a script can do is there from the first paint, so that nothing moves, and not at all without scripts. */
@media (scripting: none) {
  [data-copy] { display: none !important; }
}
.product { display: flex; align-items: center; gap: var(--space-2); color: var(--text); font-weight: 600; letter-spacing: -0.01em; text-decoration: none; white-space: nowrap; }
.logo { width: 24px; height: 24px; flex: none; }
main { max-width: 1328px; margin: 0 auto; padding: var(--space-6) var(--space-6) 64px; }
.stack { display: grid; gap: var(--space-4); min-width: 0; }
button, .button, summary.button {
  display: inline-flex; align-items: center; justify-content: center; gap: 6px;
  min-height: 32px; padding: 0 var(--space-3);
  border: 1px solid var(--line-strong); border-radius: var(--radius-small);
  background: var(--surface); color: var(--text); box-shadow: var(--shadow-small);
  font: 500 13px / 20px var(--sans); text-decoration: none; white-space: nowrap; cursor: pointer;
}
button:hover, .button:hover { background: var(--hover); border-color: light-dark(#bcc3cd, #4a5462); }
button.primary, .button.primary { border-color: transparent; background: var(--accent-fill); color: var(--on-accent); }
button.primary:hover, .button.primary:hover { background: color-mix(in srgb, var(--accent-fill) 88%, black); }
button.plain, .button.plain { padding-inline: var(--space-2); border-color: transparent; background: none; color: var(--text-quiet); box-shadow: none; }
button.plain:hover, .button.plain:hover { background: var(--sunken); color: var(--text); }
button.full, .button.full { width: 100%; min-height: 40px; font-size: 14px; white-space: normal; }
input:not([type="checkbox"], [type="radio"]), select, textarea {
  width: 100%; min-width: 0; min-height: 32px; padding: 5px 10px;
  border: 1px solid var(--line-input); border-radius: var(--radius-small);
  background: var(--surface); color: var(--text); font: 14px / 20px var(--sans);
}
::placeholder { color: var(--text-quiet); opacity: 1; }
:is(input, select, textarea):focus-visible { outline-offset: -1px; border-color: var(--accent); }
.field { display: grid; gap: var(--space-1); min-width: 0; }
.field > label, .field > .label, legend { font-size: 13px; font-weight: 500; }
.card { border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); min-width: 0; }
.bare { display: grid; min-height: 100vh; }
/* From the top, not centred: the card stays where it is when the next page has more lines. */
.bare main { display: grid; place-items: start center; align-content: start; width: 100%; max-width: none; padding-block: clamp(16px, 12vh, 128px) var(--space-6); }
.door { display: grid; justify-items: center; gap: var(--space-6); width: min(440px, 100%); text-align: center; }
.door form { display: grid; gap: var(--space-4); }
.door .field { text-align: left; }
.door .card { display: grid; gap: var(--space-6); width: 100%; padding: var(--space-8); box-shadow: var(--shadow-small); }
.door :is(h1, p) { text-wrap: balance; }
.door h1:has(b) { font-weight: 400; }
.door h1 b { font-weight: 600; }
.icon { width: 16px; height: 16px; flex: none; fill: none; stroke: currentcolor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
.tile { position: relative; display: grid; place-items: center; width: 28px; height: 28px; flex: none; border: 1px solid var(--line); border-radius: 7px; background: var(--sunken); color: var(--text-quiet); font-size: 11px; font-weight: 600; letter-spacing: 0.01em; }
.tile.large { width: 44px; height: 44px; border-radius: 11px; font-size: 15px; }
.tile .icon { width: 15px; height: 15px; }
.tile.large .icon { width: 20px; height: 20px; }
.menu > summary::-webkit-details-marker, .fold > summary::-webkit-details-marker { display: none; }
.fold > summary { display: flex; align-items: center; gap: var(--space-2); min-height: 24px; width: fit-content; color: var(--text-quiet); font-size: 13px; font-weight: 500; list-style: none; cursor: pointer; }
.fold > summary:hover { color: var(--text); }
.fold > summary > .icon:first-child, .tool > summary > .icon:first-child { width: 12px; height: 12px; }
:is(.fold, .tool)[open] > summary > .icon:first-child { rotate: 90deg; }
.pair { display: flex; align-items: center; justify-content: center; gap: var(--space-2); }
.join { width: 48px; height: 12px; stroke: var(--line-input); fill: var(--surface); stroke-width: 1.5; }
.terms { display: grid; gap: var(--space-3); padding-top: var(--space-6); border-top: 1px solid var(--line); text-align: left; }
.terms li { display: flex; gap: var(--space-3); text-wrap: pretty; }
.terms li > div { flex: 1; min-width: 0; }
.terms .icon { margin-top: 2px; color: var(--text-quiet); }
.terms .fold .icon { margin: 0; }
.answers { display: grid; grid-template-columns: 1fr 1fr; gap: var(--space-2); }

@media (max-width: 760px) {
  .tile.large { width: 36px; height: 36px; border-radius: 9px; font-size: 13px; }
  .door { gap: var(--space-4); }
  .door .card { gap: var(--space-4); padding: var(--space-6) var(--space-4); }
  .terms { padding-top: var(--space-4); }
}

@media (pointer: coarse) {
  button, .button { min-height: 40px; }
}
`;

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">
  <rect width="24" height="24" rx="6" fill="#1f5bcc"/>
  <path d="M6 19v-7a6 6 0 0 1 12 0v7M12 15v4" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"/>
  <circle cx="12" cy="13" r="2" fill="#fff"/>
</svg>
`;

const send = (r, type, text) => {
  r.headersOut['Content-Type'] = type;
  r.headersOut['Cache-Control'] = 'public, max-age=3600';
  r.return(200, text);
};

const style = (r) => send(r, 'text/css; charset=utf-8', css);
const icon = (r) => send(r, 'image/svg+xml', svg);

export default { style, icon };

/**
 * `node:http`. An import of it would read all that it exports, and for some of that load what `fetch` is made of: a twentieth of
 * the CPU of a start, and 3 MB.
 */
export const http = process.getBuiltinModule('node:http');

/** The version that every bundled server reports on `initialize` and `server/discover`. */
export const version = '0.1.0';

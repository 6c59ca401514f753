/** The version every MCP server of this project reports on `initialize` and `server/discover`. */
export const VERSION = '0.1.0';

/** What a reader of the audit may see: all, or records about some servers. Records of no server are only for those who see all. */
export interface Visible {
  servers: 'all' | readonly string[];
}

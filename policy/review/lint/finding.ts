/** A finding in a valid policy. A warning is most likely a mistake; an info may be intended. */
export interface Finding {
  level: 'warning' | 'info';
  /** Where: `scope[2]`, `group_mappings.group`, `UI-Scopes.scope.permission`, `limits[0]`, or a scope. */
  at: string;
  message: string;
}

export function warning(at: string, message: string): Finding {
  return { level: 'warning', at, message };
}

export function info(at: string, message: string): Finding {
  return { level: 'info', at, message };
}

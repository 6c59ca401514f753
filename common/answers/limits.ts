/** Bounds on one message of a server. */
export interface MessageLimits {
  bytes: number;
  /** Levels of objects and lists in each other. */
  depth: number;
  /** Values and keys together. */
  values: number;
  /** Elements of one list of tools, prompts, resources or tasks. */
  elements: number;
}

/**
 * What real servers stay far below. 8 MB of ordinary tools have some 400,000 values; one page of a list has at most a few
 * thousand elements.
 */
export const usualLimits: MessageLimits = { bytes: 8_388_608, depth: 100, values: 500_000, elements: 10_000 };

/** Members of a message and of its result. MCP has fewer than ten. */
export const mostMembers = 200;

/** A message of a server that has no single meaning. The message says why, as the end of "The server sent …". */
export class UnreadableAnswer extends Error {
  override readonly name: string = 'UnreadableAnswer';
}

/** A message of a server that exceeds a bound. */
export class OversizedAnswer extends UnreadableAnswer {
  override readonly name = 'OversizedAnswer';
}

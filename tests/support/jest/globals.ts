// Stands for '@jest/globals', see runtime.ts.
export const { jest, expect, describe, test, it, beforeAll, beforeEach, afterAll, afterEach } =
  globalThis as unknown as typeof import('@jest/globals');

export type { Visible } from '../visible.ts';

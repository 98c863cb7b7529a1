export type * from './ports/store.ts';
export { inboxOf, timelineOf } from './ports/store.ts';

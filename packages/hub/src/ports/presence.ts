/** What others see of a user. */
export interface PresenceView {
  readonly userId: string;
  readonly state: 'online' | 'away' | 'dnd' | 'offline';
  readonly statusText: string | undefined;
  /** Undefined if the user was never seen. */
  readonly lastSeenMs: number | undefined;
  readonly connections: number;
}

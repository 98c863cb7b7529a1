/**
 * Why the hub closes a connection on purpose, and whether the client is meant to come back. If it is, the hub closes the transport, and a
 * stock client returns by itself; after a DISCONNECT packet it stays away, so that is for what is final.
 */
export const closingTable = {
  /** The hub stops, or is about to be started again. */
  shutting_down: { reconnect: true },
  /** No user registered in time. */
  registration_timeout: { reconnect: true },
  /** The client read nothing for too long. */
  slow_reader: { reconnect: true },
  /** The client did not answer when another connection of its user needed the place. */
  silent: { reconnect: true },
  /** The hub has more to do than it can. */
  overloaded: { reconnect: true },
  /** The application has ended the user's connections. */
  disconnected_by_server: { reconnect: false },
} as const satisfies Record<string, { readonly reconnect: boolean }>;

export type ClosingReason = keyof typeof closingTable;

/** The port that says who a connection is, before any of its events is looked at. */
import type { Handshake, Refusal } from './connection.ts';

export interface Identity {
  /** The user whom the credentials name: 1 to 128 printable characters. Undefined, with the method `open` only: whom the client names. */
  readonly userId: string | undefined;
}

export interface Authenticator {
  /** The method's name, told to clients in `connected`, such as `jwt` or `cookie`. */
  readonly method: string;
  /**
   * Called once for each connection, with its headers (cookies among them), its query and what the client gave as `auth`. A refusal is told to the
   * client, which stays away until its application connects again. If it throws, rejects, answers nothing within 10 s or something else,
   * nobody gets in: the failure is logged, and the client's transport is closed, so that it tries again.
   */
  authenticate(handshake: Handshake): Promise<Identity | { readonly refuse: Refusal }> | Identity | { readonly refuse: Refusal };
}

/** The port that says who a connection is, before any of its events is looked at. */
import type { Handshake, Refusal } from './connection.ts';

export interface Identity {
  /** The user, if the credentials name one; undefined leaves the choice to the client's `register`. */
  readonly userId: string | undefined;
}

export interface Authenticator {
  /** The method's name, told to clients in `connected`. */
  readonly method: string;
  /** Called once for each connection. Must not throw: what can't be decided is a refusal. */
  authenticate(handshake: Handshake): Promise<Identity | { readonly refuse: Refusal }> | Identity | { readonly refuse: Refusal };
}

/** A fault that somebody could put into the code, as an exact replacement of text. */
export interface Mutation {
  readonly name: string;
  /** Below packages/hub/src. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** A test that sees it, if it can't show in the simulation. */
  readonly test?: string;
}

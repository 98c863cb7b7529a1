/** Why a store did not open: one sentence for the operator, with what to do. Nothing was changed on the disk. */
export class StoreStartError extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'StoreStartError';
  }
}

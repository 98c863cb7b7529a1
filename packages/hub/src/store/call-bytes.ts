/** What a call that waits to be committed holds beside its content, in about bytes. */
export const callBytes = 300;

/**
 * A call whose result lets somebody read is work for the event loop when it is answered: of those, a commit takes fewer, so that a crowd that
 * joins a room leaves turns to others.
 */
export const orderedCallBytes = 4 * 1024;

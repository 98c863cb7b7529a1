import type { NodeId } from './shared-store.ts';

/** What the connect stage has to know of the nodes of a cluster. Asked for each request, so it answers from memory. */
export interface NodeTable {
  /** This node; another one after it was fenced. */
  readonly node: NodeId;
  /** `host:port` of that node's internal listener. Undefined: there is no such node, or it has ended. */
  addressOf(node: NodeId): string | undefined;
}

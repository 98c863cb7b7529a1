import { Column } from '../history/column.ts';
import type { Check } from './check.ts';

/** A device that acknowledges by itself and drops what is at or below its last `seq` handles no message twice. */
export const exactlyOnce: Check = {
  name: 'exactly once',
  watch(ledger, report) {
    /** Of each reader: its last `seq` by stream, as an application would keep it, and how often it handled a message. */
    const applications = new Map<number, { readonly lastSeq: Map<number, number>; readonly handled: Column }>();
    return {
      on(event) {
        if (event.kind !== 'delivered') return;
        const { connection, stream, seq, message } = event;
        const { reader } = ledger.connection(connection);
        if (ledger.world.readers[reader]?.explicitAck !== true) return;
        const application = applications.get(reader) ?? { lastSeq: new Map<number, number>(), handled: new Column() };
        applications.set(reader, application);
        if (seq <= (application.lastSeq.get(stream) ?? 0)) return;
        application.lastSeq.set(stream, seq);
        if (application.handled.get(message) > 0)
          report({ problem: `message ${message} was handled twice`, stream, seq, message, connection });
        application.handled.set(message, 1);
      },
    };
  },
};

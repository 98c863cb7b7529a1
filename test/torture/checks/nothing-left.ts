import type { Check } from './check.ts';

/** The hub never says that it dropped something, and in the end it has nothing left for anybody. */
export const nothingLeft: Check = {
  name: 'nothing left',
  watch(ledger, report) {
    /** Of each reader, what its last registration announced. */
    const last = new Map<number, { readonly connection: number; readonly queued: number }>();
    return {
      on(event) {
        if (event.kind !== 'registered') return;
        const { connection, missed, queued } = event;
        if (missed > 0) report({ problem: `the hub said that ${missed} messages were missed`, connection });
        last.set(ledger.connection(connection).reader, { connection, queued });
      },
      end() {
        for (const { connection, queued } of last.values()) {
          if (queued > 0) report({ problem: `${queued} messages were queued still after everything had been fetched`, connection });
        }
      },
    };
  },
};

/** Where the demo says what it does and what it saw. */

export interface Stage {
  chapter(title: string): void;
  /** What happens now. */
  say(text: string): void;
  /** What was observed: a check mark if it is so, otherwise a cross and `observed`, and the demo has failed. */
  see(text: string, isSo: boolean, observed?: unknown): void;
  readonly seen: number;
  readonly failed: number;
}

interface StageOptions {
  readonly isColored: boolean;
  readonly write: (line: string) => void;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 };

export function createStage({ isColored, write }: StageOptions): Stage {
  const paint = (color: keyof typeof codes, text: string) => (isColored ? `\u001b[${codes[color]}m${text}\u001b[0m` : text);
  let chapters = 0;
  let seen = 0;
  let failed = 0;
  return {
    chapter(title) {
      chapters += 1;
      write(`\n${paint('cyan', `${chapters}.`)} ${paint('bold', title)}`);
    },
    say(text) {
      write(`   ${paint('dim', text)}`);
    },
    see(text, isSo, observed) {
      if (isSo) seen += 1;
      else failed += 1;
      write(isSo ? ` ${paint('green', '✓')} ${text}` : ` ${paint('red', '✗')} ${text}`);
      if (!isSo && observed !== undefined) write(`     ${paint('red', `observed: ${JSON.stringify(observed)}`)}`);
    },
    get seen() {
      return seen;
    },
    get failed() {
      return failed;
    },
  };
}

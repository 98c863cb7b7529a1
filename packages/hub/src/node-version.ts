/** The versions that CI runs the tests on. On others the SQLite driver may take the process down, without a word. */
const supported = 'Node.js 22 (from 22.12), 24, and 26 or newer';

/** What to tell somebody who runs this on another version of Node; undefined if it is supported. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isSupported = major === 22 ? minor >= 12 : major === 24 || major >= 26;
  return isSupported
    ? undefined
    : `Parley runs on ${supported}, and this is ${version}: please install one of them from https://nodejs.org.`;
}

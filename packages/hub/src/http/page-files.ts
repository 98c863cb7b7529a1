import { readFile } from 'node:fs/promises';

export interface PageFile {
  readonly contentType: string;
  readonly text: string;
}

/** The page's own files by their name in `/assets/`; `index.html` is the page. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const contentTypes = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'try-out.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** Reads all files into memory. `{{name}}` in the page becomes `values.name`. */
export async function readPageFiles(values: Readonly<Record<string, string>>): Promise<PageFiles> {
  const files = Object.entries(contentTypes).map(async ([name, contentType]) => {
    const text = await readFile(new URL(`page/${name}`, import.meta.url), 'utf8');
    return [name, { contentType, text: name === 'index.html' ? fill(text, values) : text }] as const;
  });
  return new Map(await Promise.all(files));
}

function fill(html: string, values: Readonly<Record<string, string>>): string {
  return html.replace(/\{\{(\w+)\}\}/g, (_, name: string) => escapeHtml(values[name] ?? ''));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

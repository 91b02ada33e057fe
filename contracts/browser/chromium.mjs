// Any Chrome or Chromium of this machine. Without one nothing is tried, and that is said loudly; CHROME=required makes
// it an error.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

function path() {
  const folders = (process.env.PATH ?? '').split(':');
  const all = [process.env.CHROME, ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...MAC];
  return all.find((file) => file && existsSync(file));
}

/** A browser, or null if there is none. */
export async function browser(what) {
  const executablePath = path();
  if (executablePath) return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  const message = `${what} was NOT TRIED, because Chrome or Chromium is missing; the variable CHROME says where one is`;
  if (process.env.CHROME === 'required') throw new Error(message);
  console.error(`WARNING: ${message}.`);
  return null;
}

// A headless Chromium that photographs pages.
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';

import puppeteer, {type Browser, type Page} from 'puppeteer-core';

import type {PanelReport} from '../shared/model';

const PATIENCE_MS = 120_000;

// Start Chromium: the one that CHROMIUM names, or the one of the npm package.
export async function launch(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] || (await packaged());
  // Number formats are those of the locale, and the locale of a bare machine (POSIX) is none that Chromium knows.
  const locale = {LANG: 'en_US.UTF-8', LC_ALL: 'en_US.UTF-8', LANGUAGE: 'en-US'};
  // Chromium's sandbox needs more rights than a container or root has. Only pages of this machine are opened.
  const args = ['--no-sandbox', '--lang=en-US', '--hide-scrollbars', '--disable-gpu', '--disable-dev-shm-usage'];
  try {
    return await puppeteer.launch({executablePath, args, env: {...process.env, ...locale}, headless: true});
  } catch (error) {
    throw new Error(
      `no Chromium starts; CHROMIUM may name another than ${executablePath}: ${(error as Error).message}`,
    );
  }
}

// Unpack the Chromium of the npm package beside the packages. Left to itself it uses the machine's folder for temporary
// files, and runs what is there already, whoever put it there.
async function packaged(): Promise<string> {
  const {default: chromium} = await import('@sparticuz/chromium');
  const temporary = process.env['TMPDIR'];
  process.env['TMPDIR'] = join(__dirname, '..', 'chromium');
  mkdirSync(process.env['TMPDIR'], {recursive: true});
  try {
    return await chromium.executablePath();
  } finally {
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
  }
}

// Open a dashboard and wait until all of it is drawn. Returns what became of its panels.
export async function open(page: Page, url: string): Promise<PanelReport[]> {
  await page.goto(url, {waitUntil: 'domcontentloaded', timeout: PATIENCE_MS});
  return drawn(page);
}

// Click on the link with a text or a title, and wait until the dashboard that it leads to is drawn.
export async function follow(page: Page, text: string): Promise<PanelReport[]> {
  const links = await page.$$('a[href]');
  for (const link of links) {
    const names = await link.evaluate((anchor) => [anchor.textContent?.trim(), anchor.title, anchor.ariaLabel]);
    if (!names.includes(text)) continue;
    await Promise.all([page.waitForNavigation({waitUntil: 'domcontentloaded', timeout: PATIENCE_MS}), link.click()]);
    return drawn(page);
  }
  throw new Error(`there is no link "${text}" on ${new URL(page.url()).pathname}, among ${links.length}`);
}

async function drawn(page: Page): Promise<PanelReport[]> {
  try {
    await page.waitForFunction('window.drawn !== undefined', {timeout: PATIENCE_MS});
  } catch {
    throw new Error(`${page.url()} was not drawn in ${PATIENCE_MS / 1000} s`);
  }
  const reports = (await page.evaluate('window.drawn')) as PanelReport[] | string;
  if (typeof reports === 'string') throw new Error(reports);
  return reports;
}

// A picture of the whole page, as high as what is on it.
export async function photograph(page: Page, width: number, file: string): Promise<void> {
  const height = (await page.evaluate('document.getElementById("dashboard").scrollHeight')) as number;
  await page.setViewport({width, height});
  await page.evaluate('window.settle()');
  await page.screenshot({path: file as `${string}.png`, optimizeForSpeed: false});
}

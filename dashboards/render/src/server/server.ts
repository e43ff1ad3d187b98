// Dashboards as web pages on this machine: /d/UID, with the time range and the variables in the address as in Grafana.
import {readFileSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join, normalize} from 'node:path';

import {dateMath} from '@grafana/data';

import type {Dashboard} from '../shared/model';
import {draw, type Wish} from './drawing';
import type {Prometheus} from './prometheus';

export interface Site {
  dashboards: Map<string, Dashboard>;
  prometheus: Prometheus;
  // The time that "now" means in an address; a range and values that hold where an address does not say others.
  now: number;
  rangeMs?: number;
  values: Record<string, string[]>;
  look: Omit<Wish, 'range' | 'values'>;
  // Folders: the page's program, and Grafana's icons and fonts.
  program: string;
  packages: string;
}

// Grafana's components ask for these paths of a Grafana.
const PUBLIC: [prefix: string, folder: string][] = [
  ['/public/build/img/', '@grafana/ui/dist/public/img/'],
  ['/public/fonts/inter/', '@fontsource/inter/files/'],
];
const FONTS: Record<string, string> = {Regular: '400-normal', Medium: '500-normal', Italic: '400-italic'};
const TYPES: Record<string, string> = {
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
  js: 'text/javascript',
  css: 'text/css',
};

const PAGE = `<!doctype html><html lang="en-US"><meta charset="utf-8"><link rel="icon" href="data:,">
<title>Dashboards</title><link rel="stylesheet" href="/page.css"><div id="root"></div>
<script>window.__grafana_public_path__ = '/public/';</script><script src="/page.js"></script></html>`;

// Serve the site on the loopback address. A port of 0 is one that is free.
export function serve(site: Site, port: number): Promise<{server: Server; url: string}> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    answer(site, url).then(
      ({type, body}) => response.writeHead(200, {'content-type': type}).end(body),
      (error: Error) => {
        const known = error instanceof NotFound;
        response.writeHead(known ? 404 : 500, {'content-type': 'text/plain; charset=utf-8'}).end(error.message);
      },
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve({server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`});
    });
  });
}

class NotFound extends Error {}

async function answer(site: Site, url: URL): Promise<{type: string; body: string | Buffer}> {
  const [, first, uid] = url.pathname.split('/');
  if (first === 'd') return {type: 'text/html; charset=utf-8', body: PAGE};
  if (first === 'drawing') {
    const dashboard = site.dashboards.get(decodeURIComponent(uid ?? ''));
    if (!dashboard) throw new NotFound(`there is no dashboard ${uid}`);
    const wish = {...site.look, ...asked(url.searchParams, dashboard, site)};
    const drawing = await draw(dashboard, [...site.dashboards.values()], wish, site.prometheus);
    return {type: 'application/json', body: JSON.stringify(drawing)};
  }
  if (url.pathname === '/') return {type: 'text/html; charset=utf-8', body: index(site)};
  return {type: TYPES[url.pathname.split('.').at(-1)!] ?? 'text/plain', body: file(site, url.pathname)};
}

// What the address of a dashboard asks for: the time range, and values of variables.
export function asked(
  query: URLSearchParams,
  dashboard: Dashboard,
  {now, rangeMs, values: usual}: Pick<Site, 'now' | 'rangeMs' | 'values'>,
): Pick<Wish, 'range' | 'values'> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of query) {
    if (name.startsWith('var-')) (values[name.slice(4)] ??= []).push(value);
  }
  const time = (text: string, roundUp: boolean) => {
    if (/^\d+$/.test(text)) return Number(text);
    const at = dateMath.toDateTime(text, {roundUp, now: new Date(now)})?.valueOf();
    if (at === undefined || Number.isNaN(at)) throw new Error(`${text} is no time`);
    return at;
  };
  const own = rangeMs
    ? {from: String(now - rangeMs), to: String(now)}
    : (dashboard.time ?? {from: 'now-6h', to: 'now'});
  return {
    values: {...usual, ...values},
    range: {from: time(query.get('from') ?? own.from, false), to: time(query.get('to') ?? own.to, true)},
  };
}

function index({dashboards}: Site): string {
  const text = (title: string) => title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const items = [...dashboards.values()].map(
    ({uid, title}) => `<li><a href="/d/${encodeURIComponent(uid)}">${text(title)}</a>`,
  );
  return `<!doctype html><title>Dashboards</title><ul>${items.join('')}</ul>`;
}

function file(site: Site, path: string): Buffer {
  const [prefix, folder] = PUBLIC.find(([start]) => path.startsWith(start)) ?? ['/', ''];
  const root = folder ? join(site.packages, folder) : site.program;
  const font = /^Inter-(\w+)\.woff2$/.exec(path.slice(prefix.length));
  const name = font ? `inter-latin-${FONTS[font[1]!] ?? '500-italic'}.woff2` : path.slice(prefix.length);
  const full = normalize(join(root, name));
  if (!full.startsWith(normalize(root))) throw new NotFound(path);
  try {
    return readFileSync(full);
  } catch {
    throw new NotFound(`there is no ${path}`);
  }
}

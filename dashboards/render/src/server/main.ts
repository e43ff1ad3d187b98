// bin/dashboards render and bin/dashboards serve.
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

import type {Dashboard} from '../shared/model';
import {follow, launch, open, photograph} from './browser';
import {load} from './dashboards';
import {parse, USAGE, UsageError, type Options} from './options';
import {Prometheus} from './prometheus';
import {complete, text, type DashboardReport} from './report';
import {serve} from './server';

async function main(args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = parse(args);
  const dashboards = load(options.dashboards);
  const unknown = options.only.filter((uid) => !dashboards.has(uid));
  if (unknown.length) {
    throw new UsageError(`there is no dashboard ${unknown.join(', ')}; there are ${[...dashboards.keys()].join(', ')}`);
  }
  const {server, url} = await serve(
    {
      dashboards,
      prometheus: new Prometheus(options.prometheus),
      now: options.now,
      rangeMs: options.rangeMs,
      values: options.values,
      look: {widthPx: options.width, scrapeMs: options.scrapeMs, theme: options.theme},
      // Beside this program lies that of the page, and above both are the packages.
      program: __dirname,
      packages: join(__dirname, '..', 'node_modules'),
    },
    options.port,
  );
  if (options.command === 'serve') {
    console.log(`${url}/`);
    return new Promise((resolve) => process.once('SIGINT', () => resolve(0)).once('SIGTERM', () => resolve(0)));
  }
  try {
    return await render(options, dashboards, url);
  } finally {
    server.close();
  }
}

async function render(options: Options, dashboards: Map<string, Dashboard>, url: string): Promise<number> {
  const uids = options.only.length ? options.only : [...dashboards.keys()];
  const reports: DashboardReport[] = [];
  const browser = await launch();
  try {
    for (const uid of uids) {
      const report: DashboardReport = {uid, title: dashboards.get(uid)!.title, panels: []};
      const picture = options.output ?? join(options.outputDir, `${uid}.png`);
      mkdirSync(dirname(picture), {recursive: true});
      const page = await browser.newPage();
      try {
        await page.setViewport({width: options.width, height: 1000});
        report.panels = await open(page, `${url}/d/${encodeURIComponent(uid)}`);
        for (const link of options.click) report.panels = await follow(page, link);
        report.address = page.url().slice(url.length);
        await photograph(page, options.width, picture);
        report.picture = picture;
      } catch (error) {
        report.error = (error as Error).message;
      }
      await page.close();
      reports.push(report);
      console.log(text(report).join('\n'));
    }
  } finally {
    await browser.close();
  }
  if (!options.output) writeFileSync(join(options.outputDir, 'report.json'), JSON.stringify(reports, null, 1) + '\n');
  if (reports.some(({error}) => error)) return 1;
  return options.strict && !complete(reports) ? 3 : 0;
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(`bin/dashboards: ${error.message}`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);

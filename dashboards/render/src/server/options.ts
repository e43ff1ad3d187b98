// The command line of bin/dashboards render and bin/dashboards serve.
import {parseArgs} from 'node:util';

import {rangeUtil} from '@grafana/data';

export const USAGE = `usage: bin/dashboards render --prometheus URL [OPTION...]    pictures of dashboards
       bin/dashboards serve --prometheus URL [OPTION...]     the same as pages, for a browser here

  --prometheus URL        where the data is, e.g. http://localhost:9090
  --at TIME               the end of the time range: RFC 3339, seconds since 1970, or now (the default)
  --range DURATION        its length, e.g. 6h (default: each dashboard's own)
  --only UID              this dashboard; may be given more than once (default: all)
  --var NAME=VALUE        the value of a variable; may be given more than once
  --dashboards PATH       a file, or a folder of them (default: roles/grafana/files/dashboards)
  --scrape-interval TIME  as the data source in Grafana has it (default: 15s)
  --width PIXELS          of the pictures (default: 1400)
  --theme dark|light      (default: dark)

render:
  --output-dir FOLDER     for UID.png and report.json (default: build/dashboards)
  --output FILE           the picture of the one dashboard that --only names
  --click TEXT            follow the link with this text first; given again, one link after the other
  --strict                exit code 3 when a panel has an error or shows nothing

serve:
  --port PORT             (default: one that is free)
`;

export class UsageError extends Error {}

export interface Options {
  command: 'render' | 'serve';
  prometheus: string;
  now: number;
  rangeMs?: number;
  only: string[];
  values: Record<string, string[]>;
  dashboards: string;
  scrapeMs: number;
  width: number;
  theme: 'dark' | 'light';
  outputDir: string;
  output?: string;
  click: string[];
  strict: boolean;
  port: number;
}

const single = {type: 'string'} as const;
const several = {type: 'string', multiple: true, default: [] as string[]} as const;
const FLAGS = {
  prometheus: single,
  at: {...single, default: 'now'},
  range: single,
  only: several,
  var: several,
  dashboards: {...single, default: 'roles/grafana/files/dashboards'},
  'scrape-interval': {...single, default: '15s'},
  width: {...single, default: '1400'},
  theme: {...single, default: 'dark'},
  'output-dir': {...single, default: 'build/dashboards'},
  output: single,
  click: several,
  strict: {type: 'boolean', default: false},
  port: {...single, default: '0'},
} as const;

// Read the command line. Throws UsageError with what is wrong with it.
export function parse(args: string[]): Options {
  const {values, positionals} = read(args);
  const [command, ...others] = positionals;
  if ((command !== 'render' && command !== 'serve') || others.length)
    throw new UsageError('name one command: render or serve');
  if (!values.prometheus || !/^https?:\/\//.test(values.prometheus)) {
    throw new UsageError('--prometheus takes the address of a Prometheus, e.g. http://localhost:9090');
  }
  if (values.theme !== 'dark' && values.theme !== 'light') throw new UsageError('--theme is dark or light');
  if (values.click.length && values.only.length !== 1)
    throw new UsageError('--click begins at one dashboard: name it with --only');
  if (values.output && values.only.length !== 1)
    throw new UsageError('--output is for one dashboard: name it with --only');
  return {
    command,
    prometheus: values.prometheus.replace(/\/+$/, ''),
    now: time(values.at),
    rangeMs: values.range === undefined ? undefined : duration('--range', values.range),
    only: values.only,
    values: assignments(values.var),
    dashboards: values.dashboards,
    scrapeMs: duration('--scrape-interval', values['scrape-interval']),
    width: count('--width', values.width, 400),
    theme: values.theme,
    outputDir: values['output-dir'],
    output: values.output,
    click: values.click,
    strict: values.strict,
    port: count('--port', values.port, 0),
  };
}

function read(args: string[]) {
  try {
    return parseArgs({args, options: FLAGS, allowPositionals: true});
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function time(text: string): number {
  const at = text === 'now' ? Date.now() : /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`--at: ${text} is no time; give RFC 3339 or seconds since 1970`);
  return at;
}

function duration(name: string, text: string): number {
  if (!/^\d+(ms|s|m|h|d|w)$/.test(text)) throw new UsageError(`${name}: ${text} is no duration such as 15s, 30m or 6h`);
  return rangeUtil.intervalToMs(text);
}

function count(name: string, text: string, minimum: number): number {
  if (!/^\d+$/.test(text) || Number(text) < minimum)
    throw new UsageError(`${name} takes a number of at least ${minimum}`);
  return Number(text);
}

function assignments(texts: string[]): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const text of texts) {
    const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined) throw new UsageError(`--var takes NAME=VALUE, not ${text}`);
    (values[name] ??= []).push(value!);
  }
  return values;
}

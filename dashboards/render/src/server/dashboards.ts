// Dashboards as they lie in a folder: each file is one.
import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';

import type {Dashboard} from '../shared/model';

// Read a file, or all files of a folder and of those in it, by their uids.
export function load(path: string): Map<string, Dashboard> {
  const files = statSync(path).isDirectory()
    ? readdirSync(path, {recursive: true, encoding: 'utf8'})
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const dashboards = new Map<string, Dashboard>();
  for (const file of files) {
    const dashboard = parse(file);
    if (dashboards.has(dashboard.uid))
      throw new Error(`${file}: the uid ${dashboard.uid} is that of another dashboard`);
    dashboards.set(dashboard.uid, dashboard);
  }
  if (dashboards.size === 0) throw new Error(`${path}: there is no dashboard; bin/dashboards build makes them`);
  return dashboards;
}

function parse(file: string): Dashboard {
  let dashboard;
  try {
    dashboard = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
  if (typeof dashboard.uid !== 'string' || !Array.isArray(dashboard.panels)) {
    throw new Error(`${file}: this is no dashboard of the classic kind with a uid and panels`);
  }
  return dashboard;
}

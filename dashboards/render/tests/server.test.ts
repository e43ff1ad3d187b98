import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {test} from 'node:test';

import {Prometheus} from '../src/server/prometheus';
import {asked, serve} from '../src/server/server';
import type {Dashboard} from '../src/shared/model';

const now = Date.UTC(2026, 10, 22, 12);
const hour = 3_600_000;
const dashboard: Dashboard = {
  uid: 'x',
  title: 'X & Y',
  time: {from: 'now-3h', to: 'now'},
  panels: [
    {
      id: 1,
      type: 'stat',
      title: 'Up',
      gridPos: {x: 0, y: 0, w: 4, h: 4},
      targets: [{refId: 'A', expr: 'up', instant: true}],
    },
    {
      id: 2,
      type: 'table',
      title: 'Jobs',
      gridPos: {x: 4, y: 0, w: 4, h: 4},
      targets: [{refId: 'A', datasource: {type: 'postgres'}}],
    },
  ],
};

test('the address decides, then the command line, then the dashboard', () => {
  const range = (query: string, rangeMs?: number) =>
    asked(new URLSearchParams(query), dashboard, {now, rangeMs, values: {}}).range;
  assert.deepEqual(range(''), {from: now - 3 * hour, to: now});
  assert.deepEqual(range('', hour), {from: now - hour, to: now});
  assert.deepEqual(range('from=5&to=6', hour), {from: 5, to: 6});
  assert.deepEqual(range('from=now-2h&to=now-1h'), {from: now - 2 * hour, to: now - hour});
  assert.throws(() => range('from=noon'), /no time/);
  const {values} = asked(new URLSearchParams('var-a=1&var-a=2'), dashboard, {now, values: {a: ['0'], b: ['3']}});
  assert.deepEqual(values, {a: ['1', '2'], b: ['3']});
});

test('a dashboard with its data, what failed, and nothing outside of the folders', async () => {
  const prometheus = createServer((request, response) => {
    const known = request.url!.startsWith('/api/v1/query?query=up&');
    const data = {resultType: 'vector', result: [{metric: {node: 'a'}, value: [1, '1']}]};
    response.end(
      JSON.stringify(known ? {status: 'success', data} : {status: 'error', errorType: 'bad_data', error: 'no'}),
    );
  });
  await new Promise<void>((resolve) => prometheus.listen(0, '127.0.0.1', resolve));
  const site = {
    dashboards: new Map([['x', dashboard]]),
    prometheus: new Prometheus(`http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`),
    now,
    values: {},
    look: {widthPx: 1000, scrapeMs: 15_000, theme: 'dark' as const},
    program: __dirname,
    packages: __dirname,
  };
  const {server, url} = await serve(site, 0);
  try {
    const drawing = await (await fetch(`${url}/drawing/x`)).json();
    assert.equal(drawing.panels[0].frames[0].fields[1].values[0], 1);
    assert.deepEqual(drawing.panels[1].errors, ['query A: the data source postgres is not asked here']);
    assert.match(await (await fetch(`${url}/`)).text(), /X &amp; Y/);
    assert.equal((await fetch(`${url}/drawing/y`)).status, 404);
    assert.equal((await fetch(`${url}/..%2f..%2fpackage.json`)).status, 404);
  } finally {
    server.close();
    prometheus.close();
  }
});

test('a Prometheus that is not there is named', async () => {
  await assert.rejects(
    new Prometheus('http://127.0.0.1:9').instant('up', 0),
    /there is no Prometheus at http:\/\/127.0.0.1:9/,
  );
});

import assert from 'node:assert/strict';
import {test} from 'node:test';

import type {Prometheus} from '../src/server/prometheus';
import {resolve} from '../src/server/variables';
import type {Variable} from '../src/shared/model';

const range = {from: 0, to: 1};

// A Prometheus that has these values of every label, and remembers what it was asked.
function stub(values: string[]) {
  const asked: [string, string | undefined][] = [];
  const prometheus = {
    labelValues: async (label: string, selector?: string) => {
      asked.push([label, selector]);
      return values;
    },
    instant: async () => [{metric: {__name__: 'job', id: '7'}, samples: [[1, '3']]}],
  };
  return {asked, prometheus: prometheus as unknown as Prometheus};
}
const chosen = async (list: Variable[], values: string[], given = {}) => {
  const {asked, prometheus} = stub(values);
  return {asked, ...(await resolve({uid: 'x', title: 'x', templating: {list}}, given, range, prometheus))};
};
const query = (more: Partial<Variable>): Variable => ({
  name: 'node',
  type: 'query',
  query: 'label_values(up, node)',
  ...more,
});

test('values of a label, of a selector that may hold commas and other variables', async () => {
  const partition = query({name: 'partition', query: 'label_values(partition)'});
  const node = query({query: {query: 'label_values(up{a="b",partition=~"$partition"}, node)'}});
  const {asked, choices} = await chosen([partition, node], ['z', 'a']);
  assert.deepEqual(asked, [
    ['partition', undefined],
    ['node', 'up{a="b",partition=~"z"}'],
  ]);
  assert.equal(choices['node']!.value, 'z');
});

test('sorted, filtered, renamed', async () => {
  assert.equal((await chosen([query({sort: 1})], ['b', 'a'])).choices['node']!.value, 'a');
  assert.equal((await chosen([query({sort: 2})], ['a', 'b'])).choices['node']!.value, 'b');
  assert.equal((await chosen([query({sort: 7})], ['n10', 'n9'])).choices['node']!.value, 'n9');
  assert.equal((await chosen([query({regex: '/^gpu-(.*)/'})], ['cpu-1', 'gpu-2'])).choices['node']!.value, '2');
  const {choices} = await chosen([query({name: 'id', query: 'query_result(job)', regex: '/id="(\\d+)"/'})], []);
  assert.equal(choices['id']!.value, '7');
});

test('all values, one by one or as the dashboard writes them', async () => {
  const all = await chosen([query({includeAll: true})], ['a', 'b']);
  assert.deepEqual([all.choices['node']!.value, all.choices['node']!.text], [['a', 'b'], 'All']);
  const literal = await chosen([query({includeAll: true, allValue: '.*'})], ['a', 'b']);
  assert.deepEqual([literal.choices['node']!.value, literal.choices['node']!.literal], ['.*', true]);
});

test('what is given wins, then what was saved if it is there still, then the first', async () => {
  const saved = query({current: {value: 'b'}});
  assert.equal((await chosen([saved], ['a', 'b'], {node: ['c']})).choices['node']!.value, 'c');
  assert.equal((await chosen([saved], ['a', 'b'])).choices['node']!.value, 'b');
  assert.equal((await chosen([saved], ['a'])).choices['node']!.value, 'a');
});

test('variables that ask nobody', async () => {
  const {choices} = await chosen(
    [
      {name: 'top', type: 'custom', query: 'ten : 10, 20'},
      {name: 'job', type: 'textbox', query: '42'},
      {name: 'datasource', type: 'datasource', query: 'prometheus'},
    ],
    [],
  );
  assert.deepEqual(
    Object.values(choices).map(({value}) => value),
    ['10', '42', 'prometheus'],
  );
  assert.equal(choices['top']!.text, 'ten');
});

test('a variable without a value is an error, and so is a query that Grafana does not know', async () => {
  assert.match((await chosen([query({})], [])).errors[0]!, /node has no value/);
  assert.match((await chosen([query({query: 'values(up)'})], ['a'])).errors[0]!, /none that Grafana knows/);
  assert.match((await chosen([{name: 'x', type: 'adhoc'}], [])).errors[0]!, /adhoc/);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {interpolate, linkLookup} from '../src/shared/interpolate';
import type {Choices} from '../src/shared/model';

const choices: Choices = {
  node: {value: 'gpu-1.site', text: 'gpu-1.site', several: false},
  nodes: {value: ['a.b', 'c'], text: 'a.b + c', several: true},
  one: {value: ['a.b'], text: 'a.b', several: true},
  all: {value: '.+', text: 'All', several: true, literal: true},
  quoted: {value: 'a"b\\c', text: 'x', several: false},
};
const promql = (text: string) => interpolate(text, choices, 'promql');

test('the three ways to write a variable, and what is none', () => {
  assert.equal(promql('x{a="$node",b="${node}",c="[[node]]"}'), 'x{a="gpu-1.site",b="gpu-1.site",c="gpu-1.site"}');
  assert.equal(
    promql('rate(x[$__rate_interval]) $unknown ${unknown}'),
    'rate(x[$__rate_interval]) $unknown ${unknown}',
  );
});

test('in PromQL several values are alternatives of a regular expression in a string', () => {
  assert.equal(promql('{n=~"$nodes"}'), '{n=~"(a\\\\.b|c)"}');
  assert.equal(promql('{n=~"$one"}'), '{n=~"a\\\\.b"}');
  assert.equal(promql('{n=~"$all"}'), '{n=~".+"}');
  assert.equal(promql('{n="$quoted"}'), '{n="a\\"b\\\\c"}');
});

test('formats', () => {
  assert.equal(promql('${nodes:regex}'), '(a\\.b|c)');
  assert.equal(promql('${nodes:pipe}'), 'a.b|c');
  assert.equal(promql('${nodes:csv}'), 'a.b,c');
  assert.equal(promql('${nodes:text}'), 'a.b + c');
  assert.equal(promql('${nodes:json}'), '["a.b","c"]');
  assert.equal(promql('${nodes:queryparam}'), 'var-nodes=a.b&var-nodes=c');
  assert.equal(promql('${all:queryparam}'), 'var-all=$__all');
  assert.equal(promql('${all:text}'), 'All');
  assert.equal(promql('${node:raw}'), 'gpu-1.site');
});

test('links carry the time range and the variables', () => {
  const {node, one} = choices;
  const few = {node: node!, one: one!};
  const link = (text: string) => interpolate(text, few, 'glob', linkLookup({from: 1, to: 2}, few));
  assert.equal(link('/d/x?${__url_time_range}'), '/d/x?from=1&to=2');
  assert.equal(link('/d/x?${__all_variables}'), '/d/x?var-node=gpu-1.site&var-one=a.b');
  assert.equal(link('$__from-${__to}'), '1-2');
});

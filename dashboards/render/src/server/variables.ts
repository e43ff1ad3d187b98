// Variables of a dashboard: what may be chosen, and what is.
import {interpolate} from '../shared/interpolate';
import type {Choice, Choices, Dashboard, Range, Variable} from '../shared/model';
import type {Prometheus} from './prometheus';

export interface Resolved {
  choices: Choices;
  errors: string[];
}

const ALL = '$__all';
type Option = {value: string; text: string};

// Resolve the variables in their order, each with those before it. "given" overrules what the dashboard chooses.
export async function resolve(
  dashboard: Dashboard,
  given: Record<string, string[]>,
  range: Range,
  prometheus: Prometheus,
): Promise<Resolved> {
  const choices: Choices = {};
  const errors: string[] = [];
  for (const variable of dashboard.templating?.list ?? []) {
    let options: Option[] = [];
    try {
      options = await possible(variable, choices, range, prometheus);
    } catch (error) {
      errors.push(`variable ${variable.name}: ${(error as Error).message}`);
    }
    const choice = choose(variable, options, given[variable.name]);
    choices[variable.name] = {...choice, label: variable.label || variable.name, hidden: variable.hide === 2};
    if (choice.value.length === 0 && variable.type === 'query') errors.push(`variable ${variable.name} has no value`);
  }
  return {choices, errors};
}

async function possible(variable: Variable, choices: Choices, range: Range, prometheus: Prometheus): Promise<Option[]> {
  switch (variable.type) {
    case 'query': {
      const text = typeof variable.query === 'string' ? variable.query : (variable.query?.query ?? '');
      const values = await queried(interpolate(text, choices, 'promql'), range, prometheus);
      return sorted(matching(values, variable.regex), variable.sort ?? 0);
    }
    case 'custom':
    case 'interval':
      return String(variable.query ?? '')
        .split(',')
        .map((part) => part.trim())
        .map((part) => {
          const [text, value] = part.split(/\s+:\s+/, 2);
          return {text: text!, value: value ?? text!};
        });
    case 'textbox':
    case 'constant':
    case 'datasource':
      return [];
    default:
      throw new Error(`variables of the type ${variable.type} are not known here`);
  }
}

async function queried(text: string, range: Range, prometheus: Prometheus): Promise<string[]> {
  const values = /^\s*label_values\(\s*(?:(.+),\s*)?([a-zA-Z_]\w*)\s*\)\s*$/s.exec(text);
  if (values) return prometheus.labelValues(values[2]!, values[1]?.trim(), range);
  const names = /^\s*metrics\((.+)\)\s*$/s.exec(text);
  if (names) return prometheus.labelValues('__name__', `{__name__=~".*(?:${names[1]!.trim()}).*"}`, range);
  const result = /^\s*query_result\((.+)\)\s*$/s.exec(text);
  if (!result) throw new Error(`the query is none that Grafana knows: ${text}`);
  return (await prometheus.instant(result[1]!, range.to)).map(({metric, samples: [sample]}) => {
    const {__name__: name = '', ...labels} = metric;
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return `${name}{${pairs.join(',')}} ${sample![1]} ${sample![0] * 1000}`;
  });
}

function matching(values: string[], regex: string | undefined): Option[] {
  const plain = values.map((value) => ({value, text: value}));
  const parts = /^\/(.*)\/([a-z]*)$/s.exec(regex ?? '');
  if (!regex) return plain;
  const pattern = parts ? new RegExp(parts[1]!, parts[2]!.replace('g', '')) : new RegExp(`^${regex}$`);
  const found = values.flatMap((value) => {
    const match = pattern.exec(value);
    if (!match) return [];
    const chosen = match.groups?.['value'] ?? match[1] ?? value;
    return [{value: chosen, text: match.groups?.['text'] ?? chosen}];
  });
  return [...new Map(found.map((option) => [option.value, option])).values()];
}

// Grafana's numbers: 0 as they come, then by text, number, text without case, natural order; odd ones rise.
function sorted(options: Option[], sort: number): Option[] {
  const orders: ((one: Option, other: Option) => number)[] = [
    (one, other) => (one.text < other.text ? -1 : Number(one.text > other.text)),
    (one, other) => parseFloat(one.text.replace(/^\D+/, '')) - parseFloat(other.text.replace(/^\D+/, '')),
    (one, other) => one.text.toLowerCase().localeCompare(other.text.toLowerCase()),
    (one, other) => one.text.localeCompare(other.text, undefined, {numeric: true}),
  ];
  const order = orders[Math.floor((sort - 1) / 2)];
  if (!order) return options;
  const result = [...options].sort(order);
  return sort % 2 ? result : result.reverse();
}

const FREE = ['textbox', 'constant', 'datasource'];

// As Grafana does it: what is asked for, else what the dashboard was saved with if that is there, else the first.
function choose(variable: Variable, options: Option[], given: string[] | undefined): Choice {
  const several = Boolean(variable.multi || variable.includeAll);
  const saved = [variable.current?.value ?? []].flat();
  const free = options.length === 0;
  let wanted =
    given ?? (free ? saved : saved.filter((value) => value === ALL || options.some((o) => o.value === value)));
  if (FREE.includes(variable.type) && wanted.length === 0) wanted = [String(variable.query ?? '')];
  if (wanted.length === 0) wanted = variable.includeAll ? [ALL] : options.slice(0, 1).map(({value}) => value);
  if (wanted.includes(ALL)) {
    if (variable.allValue) return {value: variable.allValue, text: 'All', several, literal: true};
    return {value: options.map(({value}) => value), text: 'All', several};
  }
  const text = wanted.map((value) => options.find((option) => option.value === value)?.text ?? value).join(' + ');
  return {value: several ? wanted : (wanted[0] ?? ''), text, several};
}

// Variables in texts, as Grafana inserts them: $name, [[name]], ${name}, ${name.path} and ${name:format}.
import type {Choice, Choices, Range} from './model';

const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:}]+))?(?::([^}]+))?\}/g;

type Format = (values: string[], choice: Choice, name: string) => string;

const alternatives = (values: string[]) => (values.length === 1 ? values[0]! : `(${values.join('|')})`);
const escapeRegex = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

const FORMATS: Record<string, Format> = {
  regex: (values) => alternatives(values.map(escapeRegex)),
  pipe: (values) => values.join('|'),
  csv: (values) => values.join(','),
  raw: (values) => values.join(','),
  json: (_, choice) => JSON.stringify(choice.value),
  text: (_, choice) => choice.text,
  glob: (values) => (values.length === 1 ? values[0]! : `{${values.join(',')}}`),
  queryparam: (values, _, name) => values.map((value) => `var-${name}=${encodeURIComponent(value)}`).join('&'),
  percentencode: (values) => encodeURIComponent(values.length === 1 ? values[0]! : `{${values.join(',')}}`),
  uriencode: (values) => encodeURI(values.length === 1 ? values[0]! : `{${values.join(',')}}`),
  html: (values) => values.join(', ').replaceAll('&', '&amp;').replaceAll('<', '&lt;'),
  singlequote: (values) => values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(','),
  doublequote: (values) => values.map((value) => `"${value.replaceAll('"', '\\"')}"`).join(','),
  promql: (values, choice) => {
    if (!choice.several) return values.join(',').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    return alternatives(
      values.map((value) => value.replaceAll('\\', '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&')),
    );
  },
};

// What a reference to a name, with the path after the dot, stands for where no variable of the dashboard has the name.
export type Lookup = (name: string, path: string | undefined) => string | undefined;

// Insert the values of variables; what is not known stays as it is. The format "promql" is that of the data source.
export function interpolate(text: string, choices: Choices, usual: string, lookup?: Lookup): string {
  return text.replace(REFERENCE, (match, plain, bracket, bracketFormat, braced, path, bracedFormat) => {
    const name: string = plain ?? bracket ?? braced;
    const found = lookup?.(name, path);
    if (found !== undefined) return found;
    const choice = choices[name];
    if (choice === undefined) return match;
    const format: string = bracketFormat ?? bracedFormat ?? usual;
    const values = Array.isArray(choice.value) ? choice.value : [choice.value];
    if (choice.literal && format !== 'text') return format === 'queryparam' ? `var-${name}=$__all` : values.join(',');
    return (FORMATS[format] ?? FORMATS['glob']!)(values, choice, name);
  });
}

// The references that a link may hold beside variables: the time range, and all variables.
export function linkLookup(range: Range, choices: Choices): Lookup {
  return (name) => {
    switch (name) {
      case '__from':
        return String(range.from);
      case '__to':
        return String(range.to);
      case '__url_time_range':
        return `from=${range.from}&to=${range.to}`;
      case '__all_variables':
        return Object.keys(choices)
          .map((variable) => interpolate(`\${${variable}:queryparam}`, choices, 'glob'))
          .join('&');
      default:
        return undefined;
    }
  };
}

// Links of panels, fields and dashboards, with the references that only a link has: to a row, a field, a value.
import {
  FieldType,
  formattedValueToString,
  getFieldDisplayName,
  getFieldDisplayValuesProxy,
  type DataFrame,
  type Field,
  type InterpolateFunction,
  type ScopedVars,
} from '@grafana/data';
import {get} from 'lodash';

import {interpolate, linkLookup} from '../shared/interpolate';
import type {DashboardLink, Drawing, PanelDrawing} from '../shared/model';

interface DataContext {
  data: DataFrame[];
  frame: DataFrame;
  field: Field;
  rowIndex?: number;
  calculatedValue?: {text: string; numeric: number};
}

// What Grafana calls to insert variables, with those of one field or row.
export function replacer({choices, range}: PanelDrawing): InterpolateFunction {
  const ofLink = linkLookup(range, choices);
  return (text, scoped, format) =>
    interpolate(text ?? '', choices, typeof format === 'string' ? format : 'glob', (name, path) => {
      return ofData(name, path, scoped) ?? ofLink(name, path);
    });
}

function ofData(name: string, path: string | undefined, scoped: ScopedVars | undefined): string | undefined {
  const context: DataContext | undefined = scoped?.['__dataContext']?.value;
  if (!context || !path) return undefined;
  const {data, frame, field, rowIndex = 0, calculatedValue} = context;
  switch (name) {
    case '__data':
      return encoded(get({name: frame.name, fields: getFieldDisplayValuesProxy({frame, rowIndex})}, path));
    case '__series':
      return frame.name ?? getFieldDisplayName(field, frame, data);
    case '__field':
      if (path === 'name' || path === 'displayName') return getFieldDisplayName(field, frame, data);
      return encoded(get({labels: field.labels ?? {}}, path));
    case '__value': {
      const value = calculatedValue ?? field.display?.(field.values[rowIndex]);
      const texts: Record<string, unknown> = {
        raw: field.values[rowIndex],
        numeric: value?.numeric,
        text: value && formattedValueToString(value),
        time: frame.fields.find(({type}) => type === 'time')?.values[rowIndex],
      };
      return encoded(texts[path]);
    }
    default:
      return undefined;
  }
}

const encoded = (value: unknown) => (value === undefined || value === null ? '' : encodeURI(String(value)));

export interface Anchor {
  title: string;
  href: string;
}

// The links in the head of a dashboard; a list of dashboards by their tags is written out.
export function dashboardLinks(drawing: Drawing): Anchor[] {
  return drawing.links.flatMap((link) => {
    if (link.type === 'link') return [{title: link.title, href: extended(link.url ?? '', link, drawing)}];
    const tags = link.tags ?? [];
    return drawing.neighbours
      .filter((neighbour) => neighbour.uid !== drawing.uid && tags.every((tag) => neighbour.tags.includes(tag)))
      .map(({uid, title}) => ({title, href: extended(`/d/${uid}`, link, drawing)}));
  });
}

function extended(url: string, link: DashboardLink, {range, choices}: Drawing): string {
  const parts = [link.keepTime ? '${__url_time_range}' : '', link.includeVars ? '${__all_variables}' : ''].filter(
    Boolean,
  );
  const whole = parts.length ? `${url}${url.includes('?') ? '&' : '?'}${parts.join('&')}` : url;
  return interpolate(whole, choices, 'uriencode', linkLookup(range, choices));
}

// The links in the title of a panel.
export function panelLinks(drawing: PanelDrawing): Anchor[] {
  const replace = replacer(drawing);
  return (drawing.panel.links ?? []).map(({title, url}) => ({
    title: replace(title),
    href: replace(url, {}, 'uriencode'),
  }));
}

// Where the fields of a panel lead to: in a table every cell, else every series.
export function fieldLinks(frames: DataFrame[], isTable: boolean): string[] {
  const rows = (frame: DataFrame) => (isTable ? [...Array(frame.length).keys()] : [0]);
  const links = frames.flatMap((frame) =>
    frame.fields
      .filter(({type}) => type !== FieldType.time)
      .flatMap((field) => rows(frame).flatMap((row) => field.getLinks?.({valueRowIndex: row}) ?? [])),
  );
  return [...new Set(links.map(({href}) => href))];
}

// Large values: one for each series, or one for each row, laid out as Grafana's stat and bar gauge do it.
import {
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type DisplayValueAlignmentFactors,
  type FieldDisplay,
  VizOrientation,
} from '@grafana/data';
import {VizRepeater, type VizRepeaterRenderValueProps} from '@grafana/ui';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';

type One = VizRepeaterRenderValueProps<FieldDisplay, DisplayValueAlignmentFactors>;

interface Layout {
  sparkline?: boolean;
  autoGrid?: boolean;
  minVizHeight?: number;
}

export function Values(visual: Visual & {layout: Layout; draw: (one: One) => ReactNode}): ReactNode {
  const {drawing, frames, width, height, theme, replace, layout, draw} = visual;
  const {sparkline, ...rest} = layout;
  const options = drawing.panel.options ?? {};
  const values = getFieldDisplayValues({
    data: frames,
    fieldConfig: drawing.panel.fieldConfig ?? {defaults: {}, overrides: []},
    reduceOptions: {calcs: ['lastNotNull'], ...options['reduceOptions']},
    replaceVariables: replace,
    sparkline,
    theme,
    timeZone: 'utc',
  });
  return (
    <VizRepeater<FieldDisplay, DisplayValueAlignmentFactors>
      source={frames}
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={(one) => <Linked value={one.value}>{draw(one)}</Linked>}
      width={width}
      height={height}
      orientation={options['orientation'] ?? VizOrientation.Auto}
      renderCounter={0}
      itemSpacing={3}
      {...rest}
    />
  );
}

function Linked({value, children}: {value: FieldDisplay; children: ReactNode}) {
  const [link] = value.hasLinks ? (value.getLinks?.() ?? []) : [];
  return link ? (
    <a href={link.href} title={link.title}>
      {children}
    </a>
  ) : (
    <>{children}</>
  );
}

import {BigValue, BigValueColorMode, BigValueGraphMode, BigValueTextMode} from '@grafana/ui';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';
import {Values} from './values';

export function StatPanel(visual: Visual): ReactNode {
  const options = visual.drawing.panel.options ?? {};
  const graphMode = options['graphMode'] ?? BigValueGraphMode.None;
  return (
    <Values
      {...visual}
      layout={{sparkline: graphMode !== BigValueGraphMode.None, autoGrid: true}}
      draw={({value, width, height, count, alignmentFactors}) => (
        <BigValue
          value={value.display}
          sparkline={value.sparkline && {...value.sparkline, timeRange: visual.range}}
          colorMode={options['colorMode'] ?? BigValueColorMode.Value}
          graphMode={graphMode}
          justifyMode={options['justifyMode']}
          textMode={options['textMode'] ?? BigValueTextMode.Auto}
          text={options['text']}
          disableWideLayout={options['wideLayout'] === false}
          {...{width, height, count, alignmentFactors, theme: visual.theme}}
        />
      )}
    />
  );
}

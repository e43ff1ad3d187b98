import {BarGaugeDisplayMode, BarGaugeNamePlacement} from '@grafana/schema';
import {BarGauge} from '@grafana/ui';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';
import {Values} from './values';

export function BarGaugePanel(visual: Visual): ReactNode {
  const options = visual.drawing.panel.options ?? {};
  return (
    <Values
      {...visual}
      layout={{minVizHeight: options['minVizHeight'] ?? 16}}
      draw={({value, width, height, orientation, alignmentFactors}) => (
        <BarGauge
          value={value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          displayMode={options['displayMode'] ?? BarGaugeDisplayMode.Gradient}
          valueDisplayMode={options['valueMode']}
          namePlacement={options['namePlacement'] ?? BarGaugeNamePlacement.Auto}
          showUnfilled={options['showUnfilled'] ?? true}
          text={options['text']}
          {...{width, height, orientation, alignmentFactors, theme: visual.theme}}
        />
      )}
    />
  );
}

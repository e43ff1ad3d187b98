import {TableNG} from '@grafana/ui/unstable';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';

export function TablePanel({drawing, frames, width, height, range}: Visual): ReactNode {
  const options = drawing.panel.options ?? {};
  const frame = frames[options['frameIndex'] ?? 0] ?? frames[0]!;
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      noHeader={options['showHeader'] === false}
      cellHeight={options['cellHeight']}
      sortBy={options['sortBy']}
      frozenColumns={options['frozenColumns']?.left}
      timeRange={range}
      fieldConfig={drawing.panel.fieldConfig}
      // All rows are in the page, those out of sight too: a link in each can be found.
      enableVirtualization={false}
    />
  );
}

// Grafana's grid: 24 columns, rows of 30 pixels, 8 pixels between them.
export const COLUMNS = 24;
export const GAP = 8;
const ROW_HEIGHT = 30;

export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

export const height = (rows: number): number => rows * ROW_HEIGHT + (rows - 1) * GAP;

export function pixels(place: Place, wholeWidth: number): {left: number; top: number; width: number; height: number} {
  const column = (wholeWidth + GAP) / COLUMNS;
  return {
    left: Math.round(place.x * column),
    top: place.y * (ROW_HEIGHT + GAP),
    width: Math.round(place.w * column - GAP),
    height: height(place.h),
  };
}

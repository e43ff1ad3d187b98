// When all of a page is drawn. Components measure themselves once they are there, and draw in the frames after that; on
// a busy machine this takes its time, so what they draw is looked for.
const PATIENCE_MS = 30_000;
const MARKS: Record<string, string> = {table: '[role="gridcell"]', timeseries: 'canvas'};

// Wait until the page is drawn. Returns the numbers of the panels that stay bare.
export async function settle(): Promise<number[]> {
  await document.fonts.ready;
  const end = performance.now() + PATIENCE_MS;
  do {
    for (let frames = 0; frames < 10; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  } while (bare().length && performance.now() < end);
  await Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)));
  return bare();
}

function bare(): number[] {
  const panels = [...document.querySelectorAll<HTMLElement>('[data-kind]')];
  const unmarked = panels.filter((panel) => {
    const mark = MARKS[panel.dataset['kind']!];
    return mark && !panel.querySelector(mark);
  });
  return unmarked.map((panel) => Number(panel.dataset['panel']));
}

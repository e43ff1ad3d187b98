// A client of Prometheus' HTTP API that asks as many questions at once as a browser does.
import type {Alert, Range} from '../shared/model';

export type Labels = Record<string, string>;
export interface Series {
  metric: Labels;
  samples: [number, string][];
}

const CONNECTIONS = 6;
const TIMEOUT_MS = 60_000;

export class Prometheus {
  private free = CONNECTIONS;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly url: string) {}

  // The series of a query over a range, a sample each step.
  async range(query: string, range: Range, stepMs: number): Promise<Series[]> {
    const align = (ms: number) => Math.floor(ms / stepMs) * stepMs;
    const seconds = {start: align(range.from) / 1000, end: align(range.to) / 1000, step: stepMs / 1000};
    const data = await this.ask('query_range', {query, ...seconds});
    return data.result.map((one: {metric: Labels; values: [number, string][]}) => ({
      metric: one.metric,
      samples: one.values,
    }));
  }

  // The series of a query at one time, a sample each.
  async instant(query: string, at: number): Promise<Series[]> {
    const data = await this.ask('query', {query, time: at / 1000});
    if (data.resultType === 'scalar') return [{metric: {}, samples: [data.result]}];
    if (data.resultType !== 'vector') throw new Error(`a ${data.resultType} cannot be shown: ${query}`);
    return data.result.map((one: {metric: Labels; value: [number, string]}) => ({
      metric: one.metric,
      samples: [one.value],
    }));
  }

  // The values of a label, of all series or of those that a selector names.
  async labelValues(label: string, selector: string | undefined, range: Range): Promise<string[]> {
    const period = {start: range.from / 1000, end: range.to / 1000};
    return this.ask(`label/${encodeURIComponent(label)}/values`, {...period, ...(selector && {'match[]': selector})});
  }

  // The alerts that are pending or firing now.
  async alerts(): Promise<Alert[]> {
    return (await this.ask('alerts', {})).alerts;
  }

  private async ask(path: string, parameters: Record<string, string | number>): Promise<any> {
    await this.connection();
    try {
      const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
      const response = await fetch(`${this.url}/api/v1/${path}?${query}`, {signal: AbortSignal.timeout(TIMEOUT_MS)});
      const body = await response.text();
      let answer;
      try {
        answer = JSON.parse(body);
      } catch {
        throw new Error(`Prometheus answers ${response.status}: ${body.slice(0, 200)}`);
      }
      if (answer.status !== 'success') throw new Error(`${answer.errorType}: ${answer.error}`);
      return answer.data;
    } catch (error) {
      if (error instanceof TypeError) throw new Error(`there is no Prometheus at ${this.url}: ${error.cause ?? error}`);
      throw error;
    } finally {
      this.free += 1;
      this.waiting.shift()?.();
    }
  }

  private async connection(): Promise<void> {
    while (this.free === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.free -= 1;
  }
}

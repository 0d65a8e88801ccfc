export interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface MetricFamily {
  name: string;
  type: string;
  help: string;
  samples: MetricSample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const COMMENT = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

/** Reads the Prometheus text format (0.0.4). @throws Error at a line that is not of it. */
export class PrometheusText {
  readonly families = new Map<string, MetricFamily>();

  constructor(text: string) {
    for (const line of text.split('\n')) if (line !== '') this.read(line);
  }

  get samples(): MetricSample[] {
    return [...this.families.values()].flatMap(({ samples }) => samples);
  }

  /** Every name that a query may use: of a histogram its parts. */
  get names(): Set<string> {
    const parts = { histogram: ['_bucket', '_sum', '_count'], summary: ['', '_sum', '_count'] };
    return new Set(
      [...this.families.values()].flatMap(({ name, type }) =>
        (parts[type as keyof typeof parts] ?? ['']).map((suffix) => name + suffix),
      ),
    );
  }

  /** The value of the one sample with these labels, among others; undefined where there is none. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const found = this.all(name, labels);
    if (found.length > 1) throw new Error(`${found.length} samples of ${name} have ${JSON.stringify(labels)}`);
    return found[0]?.value;
  }

  all(name: string, labels: Record<string, string> = {}): MetricSample[] {
    const wanted = Object.entries(labels);
    return this.samples.filter(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    );
  }

  private read(line: string): void {
    const [, kind, name = '', rest = ''] = COMMENT.exec(line) ?? [];
    if (kind === undefined) {
      this.readSample(line);
      return;
    }
    const family = this.families.get(name) ?? { name, type: 'untyped', help: '', samples: [] };
    if (kind === 'TYPE') family.type = rest;
    else family.help = rest;
    this.families.set(name, family);
  }

  private readSample(line: string): void {
    const [, name, labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    const family = name === undefined ? undefined : this.familyOf(name);
    if (name === undefined || !family) throw new Error(`not a sample of a metric that was announced: ${line}`);
    family.samples.push({ name, labels: labelsOf(labels, line), value: numberOf(value, line) });
  }

  private familyOf(name: string): MetricFamily | undefined {
    return this.families.get(name) ?? this.families.get(name.replace(/_(bucket|sum|count)$/, ''));
  }
}

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < text.length;) {
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`labels cannot be read: ${line}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function numberOf(text: string, line: string): number {
  const special = { nan: NaN, '+inf': Infinity, '-inf': -Infinity }[text.toLowerCase()];
  const value = special ?? Number(text);
  if (Number.isNaN(value) && special === undefined) throw new Error(`not a number: ${line}`);
  return value;
}

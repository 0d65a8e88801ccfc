/** A metric that a query names, with the labels that it matches on or groups by. */
export interface UsedMetric {
  name: string;
  labels: Set<string>;
}

type Kind = 'scalar' | 'vector' | 'range' | 'string';

const TOKEN =
  /\s+|#.*|(?<duration>(?:\d+(?:ms|[smhdwy]))+)(?![\w.])|(?<number>0x[\da-f]+|\d*\.?\d+(?:e[+-]?\d+)?|Inf|NaN)(?![\w:])|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?<word>[a-zA-Z_:][\w:]*)|(?<sign>=~|!~|==|!=|>=|<=|[-+*/%^<>=(){}[\],:@])/iy;
const PRECEDENCE: readonly (readonly string[])[] = [
  ['or'],
  ['and', 'unless'],
  ['==', '!=', '>', '<', '>=', '<='],
  ['+', '-'],
  ['*', '/', '%', 'atan2'],
  ['^'],
];
const AGGREGATIONS = new Set('sum min max avg group stddev stdvar count count_values bottomk topk quantile'.split(' '));
/** Functions by what they take first. */
const OF_RANGES = new Set(
  'rate irate increase delta idelta deriv changes resets avg_over_time min_over_time max_over_time sum_over_time count_over_time quantile_over_time last_over_time present_over_time absent_over_time predict_linear'.split(
    ' ',
  ),
);
const OF_VECTORS = new Set(
  'abs absent ceil clamp clamp_max clamp_min exp floor histogram_quantile label_join label_replace ln log10 log2 round scalar sgn sort sort_desc sqrt time timestamp vector'.split(
    ' ',
  ),
);

/** A parser of PromQL, strict enough that what it takes Prometheus takes. @throws Error saying where a query goes wrong */
export class PromQuery {
  readonly metrics: UsedMetric[] = [];
  private readonly tokens: { text: string; kind: string }[] = [];
  private at = 0;

  constructor(private readonly query: string) {
    for (TOKEN.lastIndex = 0; TOKEN.lastIndex < query.length;) {
      const start = TOKEN.lastIndex;
      const { groups, 0: text = '' } = TOKEN.exec(query) ?? {};
      if (!groups) throw new Error(`cannot read "${query.slice(start, start + 20)}" in: ${query}`);
      const kind = Object.keys(groups).find((name) => groups[name] !== undefined);
      if (kind) this.tokens.push({ text, kind });
    }
    const kind = this.binary(0);
    if (this.at < this.tokens.length) this.fail('nothing more');
    if (kind !== 'vector' && kind !== 'scalar') this.fail(`an instant value, not a ${kind}`);
  }

  private binary(level: number): Kind {
    const operators = PRECEDENCE[level];
    if (!operators) return this.unary();
    const before = this.metrics.length;
    let left = this.binary(level + 1);
    while (operators.includes(this.peek().toLowerCase())) {
      this.at++;
      this.takeIf('bool');
      this.matching(before);
      const right = this.binary(level + 1);
      for (const kind of [left, right]) if (kind === 'range' || kind === 'string') this.fail('instant operands');
      left = left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
    }
    return left;
  }

  private matching(since: number): void {
    if (this.takeIf('on') || this.takeIf('ignoring')) this.labelList(since);
    if ((this.takeIf('group_left') || this.takeIf('group_right')) && this.peek() === '(') this.labelList(since);
  }

  private unary(): Kind {
    if (this.takeIf('-') || this.takeIf('+')) return this.unary();
    let kind = this.primary();
    while (['[', 'offset', '@'].includes(this.peek())) {
      if (this.takeIf('[')) {
        if (kind !== 'vector') this.fail('a range of a vector');
        this.expectKind('duration');
        if (this.takeIf(':') && this.peek() !== ']') this.expectKind('duration');
        this.expect(']');
        kind = 'range';
      } else if (this.takeIf('offset')) this.expectKind('duration');
      else if (this.takeIf('@')) this.expectKind('number');
    }
    return kind;
  }

  private primary(): Kind {
    const token = this.tokens[this.at];
    if (!token) return this.fail('more');
    if (token.kind === 'number' || token.kind === 'string') {
      this.at++;
      return token.kind === 'number' ? 'scalar' : 'string';
    }
    if (this.takeIf('(')) {
      const kind = this.binary(0);
      this.expect(')');
      return kind;
    }
    if (token.text === '{') return this.selector('');
    if (token.kind !== 'word') return this.fail('a value');
    this.at++;
    if (AGGREGATIONS.has(token.text)) return this.aggregation();
    if (this.peek() === '(') return this.call(token.text);
    return this.selector(token.text);
  }

  private aggregation(): Kind {
    const since = this.metrics.length;
    const grouped = this.takeIf('by') || this.takeIf('without');
    const labels = grouped ? this.labelList() : [];
    const kinds = this.args();
    if (kinds.at(-1) !== 'vector') this.fail('an aggregation of a vector');
    if (!grouped && (this.takeIf('by') || this.takeIf('without'))) labels.push(...this.labelList());
    for (const metric of this.metrics.slice(since)) for (const label of labels) metric.labels.add(label);
    return 'vector';
  }

  private call(name: string): Kind {
    if (!OF_RANGES.has(name) && !OF_VECTORS.has(name)) this.fail(`a function that exists, not ${name}`);
    const kinds = this.args();
    if (OF_RANGES.has(name) !== kinds.includes('range'))
      this.fail(`${name} of ${OF_RANGES.has(name) ? 'a range' : 'an instant'}`);
    return name === 'scalar' || name === 'time' ? 'scalar' : 'vector';
  }

  private args(): Kind[] {
    const kinds: Kind[] = [];
    this.expect('(');
    while (!this.takeIf(')')) {
      if (kinds.length > 0) this.expect(',');
      kinds.push(this.binary(0));
    }
    return kinds;
  }

  private selector(name: string): Kind {
    const labels = new Set<string>();
    if (this.takeIf('{'))
      while (!this.takeIf('}')) {
        labels.add(this.expectKind('word'));
        if (!['=', '!=', '=~', '!~'].some((operator) => this.takeIf(operator))) this.fail('a matcher');
        const pattern = this.expectKind('string').slice(1, -1);
        new RegExp(pattern);
        if (this.peek() !== '}') this.expect(',');
      }
    this.metrics.push({ name, labels });
    return 'vector';
  }

  private labelList(since?: number): string[] {
    const labels: string[] = [];
    this.expect('(');
    while (!this.takeIf(')')) {
      if (labels.length > 0) this.expect(',');
      labels.push(this.expectKind('word'));
    }
    if (since !== undefined)
      for (const metric of this.metrics.slice(since)) for (const label of labels) metric.labels.add(label);
    return labels;
  }

  private peek(): string {
    return this.tokens[this.at]?.text ?? '';
  }

  private takeIf(text: string): boolean {
    const isNext = this.peek() === text;
    if (isNext) this.at++;
    return isNext;
  }

  private expect(text: string): void {
    if (!this.takeIf(text)) this.fail(text);
  }

  private expectKind(kind: string): string {
    const token = this.tokens[this.at];
    if (token?.kind !== kind) return this.fail(`a ${kind}`);
    this.at++;
    return token.text;
  }

  private fail(wanted: string): never {
    throw new Error(`expected ${wanted} at "${this.peek()}" (token ${this.at + 1}) in: ${this.query}`);
  }
}

import { asksForGeneralAbility, coverageOf, type Evidence, type NumberedRequirement, proofsOf } from './coverage.js';

const REQUIREMENTS: NumberedRequirement[] = [
  { id: 'R-1', kind: 'functional', text: 'Work out totals' },
  { id: 'R-2', kind: 'functional', text: 'Explain each step' },
  { id: 'R-3', kind: 'constraint', text: 'Never promise a date' },
];
const evidence = (about: Partial<Evidence>): Evidence => ({
  id: 'EX-001',
  input: 'What is 2 + 3?',
  checks: [{ kind: 'contains' }],
  judged: null,
  proves: ['R-1'],
  passed: true,
  verdict: null,
  ...about,
});
const statuses = (...examples: Evidence[]): string[] => proofsOf(REQUIREMENTS, examples).map(({ status }) => status);

describe('proofsOf', () => {
  it('proves what a passed example names, and nothing else', () => {
    expect(statuses(evidence({}))).toEqual(['proven', 'unproven', 'unproven']);
  });

  it('lets one failed example contradict a requirement', () => {
    expect(statuses(evidence({}), evidence({ id: 'EX-002', passed: false }))[0]).toBe('contradicted');
    expect(statuses(evidence({ verdict: { passed: false } }))[0]).toBe('contradicted');
  });

  it.each([
    ['asks who the agent is', { input: 'Who are you and what can you do?' }],
    ['has no check that a wrong answer fails', { checks: [{ kind: 'non_empty' }] }],
    ['has a standard for a judge that gave no verdict', { checks: [{ kind: 'non_empty' }], judged: 'It is right.' }],
    ['names no requirement', { proves: [] }],
    ['is of version 1.0.0', { proves: undefined }],
  ])('takes nothing from an example that %s', (_, about) => {
    expect(statuses(evidence(about as Partial<Evidence>))[0]).toBe('unproven');
  });

  it('counts a judged example before it has run, and with its verdict', () => {
    const judged: Partial<Evidence> = { checks: [{ kind: 'non_empty' }], judged: 'It is right.' };
    expect(statuses({ id: 'EX-001', input: 'Which one?', checks: [], judged: 'Right', proves: ['R-2'] })[1]).toBe(
      'proven',
    );
    expect(statuses(evidence({ ...judged, verdict: { passed: true } }))[0]).toBe('proven');
  });
});

describe('coverageOf', () => {
  it('counts each status and names what is open, functional requirements first', () => {
    expect(coverageOf(proofsOf(REQUIREMENTS, [evidence({})]))).toEqual({
      proven: 1,
      unproven: 2,
      contradicted: 0,
      total: 3,
      share: 0.33,
      warning:
        '2 of 3 requirements are not proven: R-2 (Explain each step), R-3 (Never promise a date). Test them before you rely on this agent.',
    });
  });

  it('warns of a single requirement in the singular', () => {
    expect(coverageOf(proofsOf(REQUIREMENTS, [evidence({ proves: ['R-1', 'R-3'] })])).warning).toBe(
      '1 of 3 requirements is not proven: R-2 (Explain each step). Test it before you rely on this agent.',
    );
  });

  it('has no warning when everything is proven', () => {
    expect(coverageOf(proofsOf(REQUIREMENTS, [evidence({ proves: ['R-1', 'R-2', 'R-3'] })]))).toMatchObject({
      share: 1,
      warning: null,
    });
  });
});

describe('asksForGeneralAbility', () => {
  it.each([
    'Who are you?',
    'Hello!',
    'Hi there, what can you do for me?',
    'Wer bist du und was kannst du?',
    'Bonjour, qui êtes-vous ?',
    '¿Quién eres y qué puedes hacer?',
    'Quem é você?',
    'Привет! Кто ты?',
    '你好，你是谁？你能做什么？',
    'من أنت؟',
  ])('is true of %s', (input) => {
    expect(asksForGeneralAbility(input)).toBe(true);
  });

  it.each([
    'What is 17 * 23?',
    'Who are you delivering to on Monday?',
    'Hello, when do you open?',
    '你们几点开门？',
    'Wer hat gewonnen?',
  ])('is false of %s', (input) => {
    expect(asksForGeneralAbility(input)).toBe(false);
  });
});
